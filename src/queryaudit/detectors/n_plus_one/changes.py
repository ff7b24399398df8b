"""Whether a loop changes what it reads: then no query before it can stand for those inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import islice

from queryaudit.records.definitions import Model
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

#: Gaps between two runs of a statement that are looked at, and statements looked at in each.
_GAPS = 16
_STATEMENTS = 64

_WRITES = frozenset({Verb.INSERT, Verb.UPDATE, Verb.DELETE})
#: Names of columns that tell one row from all others.
_KEYS = frozenset({"id", "pk", "uuid"})


class Change(IntEnum):
    """What happens to the tables of a read between one run of it and the next."""

    NONE = 0
    SELDOM = 1  #: in less than half of the rounds
    ROWS = 2  #: rows are changed or deleted, each named by its key
    ANY = 3  #: rows come, or are changed by condition


class ForeignKeys:
    """The tables that columns point to."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models  #: by label

    def parents(self, read: Statement) -> frozenset[str]:
        """The tables whose keys a read compares with values.

        The column may be of a table between the two, as for many-to-many relations.
        """
        compared = set(read.compared or ())
        targets = {
            column.target
            for model in self._models.values()
            if model.table in read.tables
            for column in model.columns
            if column.column in compared
        }
        return self._tables(targets).difference(read.tables)

    def made(self, label: str) -> frozenset[str]:
        """The tables that get a row of the model."""
        model = self._models.get(label)
        return self._tables((label, *model.parents)) if model is not None else frozenset()

    def _tables(self, labels: Iterable[str | None]) -> frozenset[str]:
        return frozenset(
            self._models[x].table for x in labels if x is not None and x in self._models
        )


class Order:
    """Which statements ran last; in all of a scope there are as many as distinct ones."""

    __slots__ = ("_clock", "_last", "_previous")

    def __init__(self) -> None:
        self._clock = 0
        self._last: dict[int, int] = {}
        self._previous = -1

    def add(self, sql: int) -> int:
        """Note a run of ``sql``; the time by this clock."""
        if sql != self._previous:
            self._previous = sql
            self._clock += 1
            self._last.pop(sql, None)
            self._last[sql] = self._clock
        return self._clock

    def since(self, time: int) -> Iterator[int]:
        """What ran after ``time``, the last of it first."""
        for sql in reversed(self._last):
            if self._last[sql] <= time:
                return
            yield sql


class Gaps:
    """What ran between the first runs of one read."""

    __slots__ = ("_between", "_count", "_time")

    def __init__(self) -> None:
        self._between: dict[int, int] | None = None
        self._count = -1
        self._time = 0

    def add(self, order: Order, time: int) -> None:
        """A run of the read itself, at ``time``."""
        if self._count >= _GAPS:
            return
        if self._count >= 0:
            between = self._between
            for other in islice(order.since(self._time), _STATEMENTS):
                if between is None:
                    between = self._between = {}
                between[other] = between.get(other, 0) + 1
        self._count += 1
        self._time = time

    def change(
        self,
        read: Statement,
        statement: Callable[[int], Statement],
        keys: ForeignKeys,
        owner: str | None = None,
    ) -> Change:
        """The most that one statement, given by its id, does to what ``read`` reads.

        ``owner``: the model of the row whose collection that is, if it is known.
        """
        found = Change.NONE
        if not self._between:
            return found
        parents = keys.parents(read)
        if owner is not None:
            parents |= keys.made(owner)
        for sql, times in self._between.items():
            kind = _change(read, statement(sql), parents)
            if kind is not Change.NONE and 2 * times < self._count:
                kind = Change.SELDOM
            found = max(found, kind)
        return found


def _change(read: Statement, write: Statement, parents: frozenset[str]) -> Change:
    written = set(write.tables[:1])
    if write.verb is Verb.INSERT and written & parents:
        return Change.ANY  # what belongs to a row can't be asked for before there is one
    if write.verb not in _WRITES or not written & set(read.tables):
        return Change.NONE
    if write.verb is Verb.INSERT:
        # The key of a joined row does not say which rows come with it.
        own = write.tables[:1] == read.tables[:1]
        by_key = own and bool(read.compared) and _are_keys(read.compared)
        # Whether there is a row by a key is for the round to ask that makes rows.
        return Change.NONE if by_key and not read.is_aggregate_only else Change.ANY
    return Change.ROWS if write.compared and _are_keys(write.compared) else Change.ANY


def _are_keys(columns: Iterable[str] | None) -> bool:
    return any(name.lower() in _KEYS or name.endswith("_ptr_id") for name in columns or ())
