"""The fold of waits that were seen: who waited, at which call, and for whom.

A wait is seen before the query that waits has ended, so it is held until the query comes.
"""

from __future__ import annotations

from dataclasses import dataclass

from queryaudit.detectors.transactions.fold import Ran
from queryaudit.records.events import Query
from queryaudit.records.waits import Wait

#: Waits that wait for their query, at most.
_PENDING = 4096

#: Statement and stack of the waiter, stacks of the holder's beginning and place, and the ignore.
WaitKey = tuple[Ran, "int | None", "int | None", bool, "int | None"]


@dataclass(slots=True)
class Waited:
    """Waits of one query for one holder."""

    looks: int = 0
    duration_ns: int = 0
    most_ns: int = 0  #: the longest time of one query
    queries: int = 0
    alias: str = ""
    lock: str = ""


class WaitFold:
    """See the module."""

    def __init__(self) -> None:
        self.waits: dict[WaitKey, Waited] = {}
        self._pending: list[Wait] = []

    def wait(self, event: Wait) -> None:
        if len(self._pending) < _PENDING:
            self._pending.append(event)

    def add(self, query: Query) -> None:
        if not self._pending:
            return
        end = query.start_ns + query.duration_ns
        rest: list[Wait] = []
        mine: dict[WaitKey, list[Wait]] = {}
        for wait in self._pending:
            if (
                wait.alias == query.alias
                and wait.transaction == query.transaction
                and query.start_ns <= wait.time_ns <= end
            ):
                ran = (query.sql, query.stack)
                key = (ran, wait.began, wait.stack, wait.holder is None, query.ignored)
                mine.setdefault(key, []).append(wait)
            else:
                rest.append(wait)
        self._pending = rest
        for key, waits in mine.items():
            known = self.waits.setdefault(key, Waited(alias=query.alias, lock=waits[0].lock))
            # The first look counts from when the query began, before it could wait.
            total = min(sum(wait.duration_ns for wait in waits), query.duration_ns)
            known.looks += len(waits)
            known.queries += 1
            known.duration_ns += total
            known.most_ns = max(known.most_ns, total)
