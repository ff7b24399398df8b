"""The fold that the family shares: what happened in transactions, by where they began.

State is bounded by distinct places: of a transaction's beginning, of statements and of effects.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from queryaudit.records.events import (
    Effect,
    Fetch,
    Query,
    Transaction,
)
from queryaudit.records.kinds import Boundary

#: Distinct keys counted up to here; beyond, only "at least".
_DISTINCT = 64
#: Orders of statements kept of the transactions that began at one place.
_ORDERS = 16

#: A statement and the stack that ran it.
Ran = tuple[int, int]
#: Where a transaction began, on which database, and the ignore that was active.
Home = tuple[int, str, "int | None"]


@dataclass(slots=True)
class Runs:
    """One statement at one stack, in the transactions that began at one place."""

    queries: int = 0
    duration_ns: int = 0
    most: int = 0  #: most distinct parameters in one transaction
    ignored: int | None = None


@dataclass(slots=True)
class Seen:
    """One effect at one stack."""

    count: int = 0
    duration_ns: int = 0
    #: What had run before it, and the longest time since.
    before: dict[Ran, int] = field(default_factory=dict)


#: Kind, client, stack, named rows and ignore.
EffectKey = tuple[int, str, int, tuple[str, ...], "int | None"]


@dataclass(slots=True)
class Began:
    """All transactions that began at one place."""

    implicit: bool
    count: int = 0
    statements: dict[Ran, Runs] = field(default_factory=dict)
    effects: dict[EffectKey, Seen] = field(default_factory=dict)
    savepoints: dict[int, list[int]] = field(default_factory=dict)  #: by stack: all, most in one
    #: Transactions on other databases that committed meanwhile, and what ran in both.
    others: dict[Home, tuple[set[Ran], set[Ran]]] = field(default_factory=dict)
    #: What committed by itself on other databases meanwhile.
    aside: dict[Ran, str] = field(default_factory=dict)
    #: The orders in which statements came, of what was not undone.
    orders: dict[tuple[Ran, ...], None] = field(default_factory=dict)


class _Open:
    """One transaction under way."""

    __slots__ = ("aside", "home", "id", "keys", "marks", "met", "params", "savepoints")

    def __init__(self, id: int, home: Home) -> None:
        self.id = id
        self.home = home
        self.keys: dict[Ran, int] = {}  #: what ran, and when first
        self.params: dict[Ran, set[int]] = {}
        self.savepoints: dict[int, int] = {}
        #: How many keys there were as each savepoint was made: beyond, a rollback undoes them.
        self.marks: list[int] = []
        self.met: dict[Home, set[Ran]] = {}
        self.aside: dict[Ran, str] = {}


class TransactionFold:
    """See the module."""

    def __init__(self) -> None:
        self.began: dict[Home, Began] = {}
        #: What committed by itself.
        self.loose: dict[Ran, Runs] = {}
        self.rows: dict[Ran, int] = {}  #: most rows that were fetched at once
        self._open: dict[int, _Open] = {}

    def add(self, query: Query) -> None:
        key = (query.sql, query.stack)
        if query.transaction is None:
            loose = self.loose.setdefault(key, Runs(ignored=query.ignored))
            loose.queries += 1
            loose.duration_ns += query.duration_ns
            for other in self._open.values():
                if other.home[1] != query.alias:
                    other.aside.setdefault(key, query.alias)
            return
        held = self._open.get(query.transaction)
        if held is None:
            return
        runs = self.began[held.home].statements.get(key)
        if runs is None:
            runs = self.began[held.home].statements[key] = Runs(ignored=query.ignored)
        runs.queries += 1
        runs.duration_ns += query.duration_ns
        if query.error is not None:
            return
        held.keys.setdefault(key, query.start_ns)
        params = held.params.setdefault(key, set())
        if len(params) < _DISTINCT:
            params.add(query.params)
            runs.most = max(runs.most, len(params))

    def fetch(self, event: Fetch) -> None:
        key = (event.sql, event.stack)
        self.rows[key] = max(self.rows.get(key, 0), event.rows)

    def transaction(self, event: Transaction) -> None:
        if event.boundary is Boundary.BEGIN:
            home = (event.stack, event.alias, event.ignored)
            began = self.began.setdefault(home, Began(event.implicit))
            began.count += 1
            self._open[event.id] = _Open(event.id, home)
            return
        held = self._open.get(event.id)
        if held is None:
            return
        if event.boundary is Boundary.SAVEPOINT:
            held.savepoints[event.stack] = held.savepoints.get(event.stack, 0) + 1
            held.marks.append(len(held.keys))
        elif event.boundary is Boundary.RELEASE:
            del held.marks[max(0, event.level - 1) :]
        elif event.boundary is Boundary.SAVEPOINT_ROLLBACK:
            self._undo(held, event.level)
        elif event.boundary in (Boundary.COMMIT, Boundary.ROLLBACK):
            self._end(held, commits=event.boundary is Boundary.COMMIT)

    def effect(self, event: Effect) -> None:
        held = self._open.get(event.transaction)
        if held is None:
            return
        key = (int(event.kind), event.client, event.stack, event.rows, event.ignored)
        seen = self.began[held.home].effects.setdefault(key, Seen())
        seen.count += 1
        seen.duration_ns += event.duration_ns
        for ran, first in held.keys.items():
            seen.before[ran] = max(seen.before.get(ran, 0), event.start_ns - first)

    def _undo(self, held: _Open, level: int) -> None:
        """Forget what a savepoint that was rolled back had done: its locks are gone."""
        if 0 < level <= len(held.marks):
            for key in [*held.keys][held.marks[level - 1] :]:
                del held.keys[key]

    def _end(self, held: _Open, *, commits: bool) -> None:
        del self._open[held.id]
        began = self.began[held.home]
        for stack, count in held.savepoints.items():
            entry = began.savepoints.setdefault(stack, [0, 0])
            entry[0] += count
            entry[1] = max(entry[1], count)
        if len(began.orders) < _ORDERS:
            began.orders.setdefault(tuple(held.keys))
        began.aside.update(held.aside)
        for home, keys in held.met.items():
            ours, theirs = began.others.setdefault(home, (set(), set()))
            ours.update(held.keys)
            theirs.update(keys)
        for other in self._open.values() if commits else ():
            if other.home[1] != held.home[1]:
                other.met.setdefault(held.home, set()).update(held.keys)
