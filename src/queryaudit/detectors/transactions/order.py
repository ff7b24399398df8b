"""The order in which a transaction locks rows of tables, and whether two orders can cross.

Tables stand for their rows: which rows meet is not known from one run. What can't meet at all is
left out: rows that the transaction made itself, locks that go together, tables of libraries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from queryaudit.detectors.base import View
from queryaudit.detectors.places import evaluated_at
from queryaudit.detectors.transactions.fold import Ran, TransactionFold
from queryaudit.detectors.transactions.holding import BOOKKEEPING, places, statement_of
from queryaudit.records.events import Frame
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.verbs import Verb

_KEY_SHARE, _SHARE = RowLockMode.KEY_SHARE, RowLockMode.SHARE
_NO_KEY, _UPDATE = RowLockMode.NO_KEY_UPDATE, RowLockMode.UPDATE
#: PostgreSQL's row locks that exclude each other, from its manual; symmetric.
_CONFLICTS = {
    _KEY_SHARE: {_UPDATE},
    _SHARE: {_NO_KEY, _UPDATE},
    _NO_KEY: {_SHARE, _NO_KEY, _UPDATE},
    _UPDATE: {_KEY_SHARE, _SHARE, _NO_KEY, _UPDATE},
}
_BY_VERB = {Verb.UPDATE: _NO_KEY, Verb.DELETE: _UPDATE}


class Taken(NamedTuple):
    """Rows of a table, locked for the first time in a transaction."""

    table: str
    mode: RowLockMode
    waits: bool
    statement: str
    frame: Frame


class Chain(NamedTuple):
    """The locks of one transaction, in their order."""

    alias: str
    begin: Frame
    taken: tuple[Taken, ...]

    @property
    def name(self) -> str:
        return self.begin.function or self.begin.path


class Crossing(NamedTuple):
    """Two transactions that can each hold what the other waits for."""

    one: Chain
    other: Chain
    first: str  #: the table that ``one`` locks first, and ``other`` last
    last: str


def chains(fold: TransactionFold, view: View) -> Iterator[Chain]:
    """The transactions that lock rows of several tables."""
    vendors = dict(view.tables.header.databases) if view.tables.header else {}
    for place in places(fold, view):
        alias = place.home[1]
        if "sqlite" in vendors.get(alias, "") or place.began.implicit:
            continue  # it has no locks on rows; nobody chose the order
        for order in place.began.orders:
            taken = _taken(order, view)
            if len(taken) > 1:
                yield Chain(alias, place.frame, taken)


def _taken(order: Sequence[Ran], view: View) -> tuple[Taken, ...]:
    found: dict[str, Taken] = {}
    made: set[str] = set()
    for ran in order:
        statement = statement_of(ran, view)
        if not statement.tables:
            continue
        table = statement.tables[0]
        if statement.verb is Verb.INSERT:
            made.add(table)
        lock = statement.lock
        mode = lock.mode if lock is not None else _BY_VERB.get(statement.verb)
        frame = evaluated_at(view.tables.stacks[ran[1]].frames, view)
        if mode is None or frame is None or table in BOOKKEEPING:
            continue
        for name in _locked_tables(statement.tables, lock is not None and not lock.of):
            if name not in made:
                waits = lock is None or lock.waits
                found.setdefault(name, Taken(name, mode, waits, statement.normalised, frame))
    return tuple(found.values())


def _locked_tables(tables: tuple[str, ...], joined: bool) -> tuple[str, ...]:
    return tables if joined else tables[:1]


def crossings(found: Sequence[Chain]) -> Iterator[Crossing]:
    """Pairs of transactions in opposite orders, each once."""
    for at, one in enumerate(found):
        for other in found[at:]:
            if one.alias == other.alias:
                yield from _crossings(one, other)


def _crossings(one: Chain, other: Chain) -> Iterator[Crossing]:
    theirs = {taken.table: (at, taken) for at, taken in enumerate(other.taken)}
    ours = [
        (at, taken, theirs[taken.table])
        for at, taken in enumerate(one.taken)
        if taken.table in theirs
    ]
    for index, (first_at, first, (their_first_at, their_first)) in enumerate(ours):
        for _, last, (their_last_at, their_last) in ours[index + 1 :]:
            if their_first_at < their_last_at or not (last.waits and their_first.waits):
                continue
            if not _conflict(first, their_first) or not _conflict(last, their_last):
                continue
            if last.statement == first.statement or their_last.statement == their_first.statement:
                continue  # taken by one query
            if _gated(one.taken[:first_at], other.taken[:their_last_at]):
                continue
            yield Crossing(one, other, first.table, last.table)


def _conflict(one: Taken, other: Taken) -> bool:
    return other.mode in _CONFLICTS[one.mode]


def _gated(ours: Sequence[Taken], theirs: Sequence[Taken]) -> bool:
    """Whether both lock another table before: then they meet there, and one waits in peace."""
    before = {taken.table: taken for taken in theirs}
    return any(taken.table in before and _conflict(taken, before[taken.table]) for taken in ours)
