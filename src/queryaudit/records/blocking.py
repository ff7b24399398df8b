"""Sessions of a database server, and who waits for whom at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Session(NamedTuple):
    """One session that waits, or that others wait for. Times are in seconds."""

    pid: int
    blockers: tuple[int, ...]  #: sessions that it waits for
    application: str
    user: str
    state: str  #: as the server names it: ``active``, ``idle in transaction``
    lock: str  #: what it waits for; empty if it waits for none
    running: float  #: since its statement began, or ended if none runs
    open: float  #: since its transaction began
    statement: str  #: without values


class Waiting(NamedTuple):
    """A session, and those that wait for it."""

    session: Session
    waiting: tuple[Waiting, ...]


def forest(sessions: Sequence[Session]) -> tuple[Waiting, ...]:
    """Who holds up whom: roots wait for nobody, or, in a deadlock, for each other.

    A session that waits for several stands below each of them.
    """
    known = {session.pid: session for session in sessions}
    roots = [s for s in sessions if not known.keys() & set(s.blockers)]
    reached: set[int] = set()
    found = [_tree(root, sessions, (), reached) for root in roots]
    for session in sorted(sessions):
        if session.pid not in reached:
            found.append(_tree(session, sessions, (), reached))
    return tuple(found)


def _tree(
    session: Session, sessions: Sequence[Session], above: tuple[int, ...], reached: set[int]
) -> Waiting:
    reached.add(session.pid)
    path = (*above, session.pid)
    return Waiting(
        session,
        tuple(
            _tree(other, sessions, path, reached)
            for other in sorted(sessions)
            if session.pid in other.blockers and other.pid not in path
        ),
    )
