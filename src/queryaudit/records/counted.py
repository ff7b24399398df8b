"""Querysets of which the number is asked: a row of a trace."""

from __future__ import annotations

from typing import NamedTuple


class Counted(NamedTuple):
    """A queryset was evaluated by ``len()`` or for its truth; and again once rows are looked at."""

    scope: int
    sql: int
    stack: int
    access: int | None
    ignored: int | None
    rows: int
    used: bool
