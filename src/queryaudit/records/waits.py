"""A wait for a lock, as a row of a trace."""

from __future__ import annotations

from typing import NamedTuple


class Wait(NamedTuple):
    """A look at the server found a query waiting for a lock that another session holds.

    One row for each look and holder. The query itself is written down when it has ended.
    """

    scope: int  #: of the one who waits
    time_ns: int
    duration_ns: int  #: since the last look, or since the query began
    alias: str
    transaction: int | None  #: as in ``Query.transaction``
    lock: str  #: what is waited for, as the server names it
    holder: int | None  #: the holder's scope; None for a session of another process
    began: int | None  #: where the holder's transaction began
    stack: int | None  #: where the holder's code was at that moment
    ignored: int | None
