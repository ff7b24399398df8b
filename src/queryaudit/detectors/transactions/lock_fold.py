"""The statements that lock, in the order of each transaction.

Bounded by distinct orders of distinct statements; of a statement that runs for many rows the
first two are kept.
"""

from __future__ import annotations

from typing import NamedTuple

from queryaudit.detectors.base import View
from queryaudit.detectors.transactions.fold import Home
from queryaudit.locking.reading import Reading, read
from queryaudit.records.events import Query, Transaction
from queryaudit.records.kinds import Boundary

#: Orders kept of the transactions that began at one place, and statements of each.
_ORDERS, _LENGTH = 16, 60


class Ran(NamedTuple):
    """A statement at a stack; ``nth`` tells its first row from another one."""

    sql: int
    stack: int
    nth: int


class Order(NamedTuple):
    """What ran in a transaction, and whether it committed."""

    ran: tuple[Ran, ...]
    commits: bool


class _Open:
    """One transaction under way."""

    __slots__ = ("home", "implicit", "marks", "ran", "rows")

    def __init__(self, home: Home, *, implicit: bool) -> None:
        self.home = home
        self.implicit = implicit
        self.ran: dict[Ran, None] = {}
        #: The digests of the rows, or of all parameters, that a statement ran with.
        self.rows: dict[int, dict[int, int]] = {}
        #: How many had run as each savepoint was made: beyond, a rollback undoes them.
        self.marks: list[int] = []


class LockFold:
    """See the module."""

    def __init__(self) -> None:
        self.orders: dict[Home, dict[Order, None]] = {}
        self._open: dict[int, _Open] = {}
        self._locking: dict[int, bool] = {}
        self._view: View

    def begin(self, view: View) -> None:
        self._view = view

    def add(self, query: Query) -> None:
        if query.transaction is None or query.error is not None:
            return
        held = self._open.get(query.transaction)
        if held is None or len(held.ran) >= _LENGTH or not self._locks(query.sql):
            return
        rows = held.rows.setdefault(query.sql, {})
        digest = query.params if query.row is None else query.row
        if digest not in rows and len(rows) >= 2:
            return
        nth = rows.setdefault(digest, len(rows))
        held.ran.setdefault(Ran(query.sql, query.stack, nth))

    def transaction(self, event: Transaction) -> None:
        if event.boundary is Boundary.BEGIN:
            home = (event.stack, event.alias, event.ignored)
            self._open[event.id] = _Open(home, implicit=event.implicit)
            return
        held = self._open.get(event.id)
        if held is None:
            return
        if event.boundary is Boundary.SAVEPOINT:
            held.marks.append(len(held.ran))
        elif event.boundary is Boundary.RELEASE:
            del held.marks[max(0, event.level - 1) :]
        elif event.boundary is Boundary.SAVEPOINT_ROLLBACK:
            if 0 < event.level <= len(held.marks):  # its locks are gone
                for ran in [*held.ran][held.marks[event.level - 1] :]:
                    del held.ran[ran]
        elif event.boundary in (Boundary.COMMIT, Boundary.ROLLBACK):
            self._end(event.id, held, commits=event.boundary is Boundary.COMMIT)

    def _end(self, id: int, held: _Open, *, commits: bool) -> None:
        del self._open[id]
        if held.implicit or not held.ran:
            return  # nobody chose the order
        orders = self.orders.setdefault(held.home, {})
        if len(orders) < _ORDERS:
            orders.setdefault(Order(tuple(held.ran), commits))

    def _locks(self, sql: int) -> bool:
        known = self._locking.get(sql)
        if known is None:
            known = self._locking[sql] = _is_locking(read(self._view.tables.sql[sql].text))
        return known


def _is_locking(reading: Reading) -> bool:
    return (
        bool(reading.target)
        or reading.row_lock is not None
        or reading.table_lock is not None
        or reading.advisory is not None
        or reading.constraints is not None
    )
