"""The locks that a statement takes, as PostgreSQL takes them, and those that wait for COMMIT.

A foreign key of Django's is ``DEFERRABLE INITIALLY DEFERRED``: who inserts a row locks the row
that it refers to when he commits, unless ``SET CONSTRAINTS`` said otherwise before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from queryaudit.locking.modes import Mode, TableLockMode, UniqueMode, conflict
from queryaudit.locking.reading import Reading
from queryaudit.locking.schema import LockSchema, Table
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.verbs import Verb

_KEY_SHARE, _NO_KEY, _UPDATE = (
    RowLockMode.KEY_SHARE,
    RowLockMode.NO_KEY_UPDATE,
    RowLockMode.UPDATE,
)
#: Columns that must have a value, as text; two rows that differ in one of them are not the same.
Constants = tuple[tuple[str, str], ...]


class Lock(NamedTuple):
    """One lock: of rows of a table, of a table, of an advisory key, or of a unique value."""

    table: str  #: empty for an advisory lock
    mode: Mode
    waits: bool = True
    skips: bool = False  #: takes what is free
    row: Constants = ()  #: what is known of the row

    @property
    def thing(self) -> tuple[str, str]:
        """What is locked, apart from which row."""
        return (type(self.mode).__name__, self.table)


class Taken(NamedTuple):
    """The locks of one statement, at once and at the end of its transaction."""

    now: tuple[Lock, ...]
    at_commit: tuple[Lock, ...] = ()


def taken(
    reading: Reading,
    schema: LockSchema,
    row: Constants = (),
    *,
    immediate: bool = False,
    nulls: Collection[tuple[int, ...]] = (),
) -> Taken:
    """``row`` is what the source says of the row; ``immediate`` that constraints are checked at
    once; ``nulls`` which parameters were NULL, in each way that it ran."""
    row = tuple(sorted({*row, *reading.constants}))
    tables = [*_tables(reading)]
    rows = [*_rows(reading, schema, row)]
    claims = [*_claims(reading, schema, row)]
    advisory = [*_advisory(reading)]
    foreign = [*_foreign(reading, schema, nulls)]
    if immediate:
        return Taken((*tables, *claims, *rows, *foreign, *advisory))
    return Taken((*tables, *claims, *rows, *advisory), tuple(foreign))


def _tables(reading: Reading) -> Iterator[Lock]:
    if reading.table_lock is not None:
        for table in reading.tables:
            yield Lock(table, reading.table_lock, reading.waits)
        return
    if reading.verb not in (Verb.SELECT, Verb.INSERT, Verb.UPDATE, Verb.DELETE):
        return
    locked = {table for table, _ in _locked(reading)}
    for table in reading.tables:
        if table == reading.target:
            yield Lock(table, TableLockMode.ROW_EXCLUSIVE)
        elif table in locked:
            yield Lock(table, TableLockMode.ROW_SHARE)
        else:
            yield Lock(table, TableLockMode.ACCESS_SHARE)


def _locked(reading: Reading) -> Iterator[tuple[str, str]]:
    """Tables, and their aliases, whose rows a locking query locks, in the order of FROM."""
    lock = reading.row_lock
    if lock is not None:
        for table, alias in reading.sources:
            if not lock.of or alias in lock.of:
                yield table, alias


def _rows(reading: Reading, schema: LockSchema, row: Constants) -> Iterator[Lock]:
    lock = reading.row_lock
    if lock is not None:
        alone = len(reading.sources) == 1
        for table, _ in _locked(reading):
            yield Lock(table, lock.mode, lock.waits, reading.skips, row if alone else ())
    elif reading.verb is Verb.DELETE:
        yield Lock(reading.target, _UPDATE, row=row)
    elif reading.verb is Verb.UPDATE:
        mode = _UPDATE if _changes_key(reading, schema.get(reading.target)) else _NO_KEY
        yield Lock(reading.target, mode, row=row)
    elif reading.upserts:
        target = schema.get(reading.target)
        keyed = target is not None and target.keys.intersection(reading.updated)
        yield Lock(reading.target, _UPDATE if keyed else _NO_KEY, row=row)


def _changes_key(reading: Reading, table: Table | None) -> bool:
    """Whether an UPDATE gives a key another value. ``save()`` writes all columns as they were."""
    if table is None:
        return False
    return not _is_whole(reading, table) and bool(table.keys.intersection(reading.columns))


def _is_whole(reading: Reading, table: Table) -> bool:
    """Whether all columns are written, as by ``save()``: most of them as they were."""
    columns = set(reading.columns)
    return table.columns - {table.primary} <= columns and not columns <= table.keys


def _foreign(
    reading: Reading, schema: LockSchema, nulls: Collection[tuple[int, ...]]
) -> Iterator[Lock]:
    """Rows that a written row refers to. A key that is NULL refers to none."""
    table = schema.get(reading.target)
    if table is None or reading.verb not in (Verb.INSERT, Verb.UPDATE):
        return
    if reading.verb is Verb.UPDATE and _is_whole(reading, table):
        return
    for key in table.foreign:
        certain = not key.null or _has_value(reading, key.column, nulls)
        if key.column in reading.columns and certain:
            yield Lock(key.parent, _KEY_SHARE)


def _has_value(reading: Reading, column: str, nulls: Collection[tuple[int, ...]]) -> bool:
    """Whether the statement was seen to give a column a value."""
    given = dict(reading.given)
    if column not in given:
        return False
    position = given[column]
    return position is None or any(position not in positions for positions in nulls)


def _claims(reading: Reading, schema: LockSchema, row: Constants) -> Iterator[Lock]:
    table = schema.get(reading.target)
    if table is None or reading.verb is not Verb.INSERT or reading.yields:
        return
    known = dict(row)
    for columns in table.claimed:
        if columns.issubset(reading.columns):
            whole = columns <= known.keys()
            values = tuple((column, known[column]) for column in sorted(columns)) if whole else ()
            yield Lock(reading.target, UniqueMode.CLAIMED, row=values)


def _advisory(reading: Reading) -> Iterator[Lock]:
    found = reading.advisory
    if found is not None:
        row = (("key", found.key),) if found.key else ()
        yield Lock("", found.mode, found.waits, not found.waits, row)


def same(one: Lock, other: Lock) -> bool:
    """Whether two locks can be about the same thing, as far as is known."""
    if one.thing != other.thing:
        return False
    if isinstance(one.mode, UniqueMode):
        return bool(one.row) and one.row == other.row  # most values are new ones
    theirs = dict(other.row)
    return all(theirs.get(column, value) == value for column, value in one.row)


def blocks(held: Lock, wanted: Lock) -> bool:
    """Whether a lock that somebody holds makes another one wait that is asked for."""
    return wanted.waits and same(held, wanted) and conflict(held.mode, wanted.mode)
