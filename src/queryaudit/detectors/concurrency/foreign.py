"""The fold of queries that ran in a transaction which another task had begun.

Bounded by distinct statements, call sites, and places where transactions begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from queryaudit.records.events import Query, Transaction
from queryaudit.records.kinds import Boundary


class Where(NamedTuple):
    """A statement at a stack, in a transaction that began at another."""

    sql: int
    stack: int
    began: int
    ignored: int | None


@dataclass(slots=True)
class Strays:
    """How often it ran there."""

    queries: int = 0
    duration_ns: int = 0


class ForeignFold:
    """See the module."""

    def __init__(self) -> None:
        self.found: dict[Where, Strays] = {}
        #: Where the transactions began whose next query is another task's.
        self._next: dict[int, int] = {}

    def transaction(self, event: Transaction) -> None:
        if event.boundary is Boundary.FOREIGN:
            self._next[event.id] = event.stack

    def add(self, query: Query) -> None:
        if not self._next or query.transaction is None:
            return
        began = self._next.pop(query.transaction, None)
        if began is not None:
            where = Where(query.sql, query.stack, began, query.ignored)
            strays = self.found.setdefault(where, Strays())
            strays.queries += 1
            strays.duration_ns += query.duration_ns
