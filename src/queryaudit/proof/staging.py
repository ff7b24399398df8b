"""Two transactions made ready to be replayed: tables, rows that they meet in, and statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from queryaudit.locking.graph import Chain, Crossing, Step
from queryaudit.locking.locks import Constants
from queryaudit.locking.modes import TableLockMode, UniqueMode
from queryaudit.locking.reading import Reading, read
from queryaudit.plans.policy import called
from queryaudit.proof.filling import filled
from queryaudit.proof.meeting_rows import ELSEWHERE, Rows
from queryaudit.proof.tables import Schema, insert, referred
from queryaudit.records.definitions import Column, Model
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.verbs import Verb

_REPLAYED = frozenset({Verb.SELECT, Verb.INSERT, Verb.UPDATE, Verb.DELETE, Verb.SET})


@dataclass(frozen=True, slots=True)
class Stage:
    """What is set up before the curtain rises."""

    schema: Schema
    setup: tuple[str, ...]
    numbers: dict[tuple[str, Constants], int]
    moved: frozenset[tuple[str, str]]

    def rows(self) -> tuple[Rows, Rows]:
        claimed: dict[object, int] = {}
        one, other = (Rows(self.schema, side, {*self.moved}, claimed) for side in (1, 2))
        return one, other

    def statement(self, step: Step, rows: Rows) -> str:
        """A step's statement, with the values of the rows that it is about."""
        reading = read(step.text)
        table = reading.target or next((name for name, _ in reading.sources), "")
        row = next((k.row for k in step.now if k.row and k.table in (table, "")), ())
        claim = next(
            ((k.table, k.row) for k in step.now if isinstance(k.mode, UniqueMode) and k.row), None
        )
        key = "" if reading.advisory is not None else table
        number = self.numbers.get((key, row), 1)
        return filled(step.text, rows, number, claim, meets=reading.upserts)


def refusal(chain: Chain) -> str | None:
    """Why a transaction is not replayed; None if it can be."""
    for step in chain.steps:
        reading = read(step.text)
        if reading.qualified:
            return "a statement names its table with a schema, and could leave the copy"
        if not (reading.verb in _REPLAYED or reading.table_lock is not None):
            return "it does more than reading, writing and locking"
        if reading.verb is Verb.DDL and not step.text.lstrip().upper().startswith("TRUNCATE"):
            return "it changes the schema"
        acting = sorted(name for name in called(step.text) if _acts(name))
        if acting:
            return f"it calls {acting[0]}(), which may do something outside"
    return None


def _acts(function: str) -> bool:
    if function.startswith(("pg_advisory_", "pg_try_advisory_")):
        return False
    return function.startswith(("pg_", "lo_", "dblink", "set_config"))


def stage(crossing: Crossing, models: Sequence[Model]) -> Stage:
    """Tables and rows in which the two transactions meet."""
    chains = (crossing.one, crossing.other)
    steps = [step for chain in chains for step in chain.steps]
    schema = Schema(models, [step.text for step in steps])
    readings = [read(step.text) for step in steps]
    tables = referred(schema, [name for reading in readings for name in reading.tables])
    numbers = _numbers(steps)
    moved = frozenset(_moved(crossing, schema))
    filling = _Filling(schema, readings, numbers, moved)
    rows = [row for table in tables for row in filling.rows(table)]
    return Stage(schema, (*schema.ddl(tables), *rows), numbers, moved)


def _moved(crossing: Crossing, schema: Schema) -> Iterator[tuple[str, str]]:
    """References that an UPDATE must change, so that it locks the row that they then lead to."""
    wanted = {p.lock.table for p in crossing[2:] if p.lock.mode is RowLockMode.KEY_SHARE}
    for step in (*crossing.one.steps, *crossing.other.steps):
        reading = read(step.text)
        if reading.verb is not Verb.UPDATE:
            continue
        locked = {k.table for k in (*step.now, *step.at_commit) if k.mode is RowLockMode.KEY_SHARE}
        for name in reading.columns:
            column = schema.column(reading.target, name)
            parent = schema.parent(column) if column is not None else None
            if parent is not None and parent.table in wanted & locked:
                yield reading.target, name


def _numbers(steps: Sequence[Step]) -> dict[tuple[str, Constants], int]:
    """Numbers for the rows of each table that are named apart."""
    found: dict[tuple[str, Constants], int] = {}
    for step in steps:
        for lock in step.now:
            if lock.row and not isinstance(lock.mode, TableLockMode | UniqueMode):
                known = sum(table == lock.table for table, _ in found)
                found.setdefault((lock.table, lock.row), known + 1)
    return found


class _Filling:
    """The rows that are there when the transactions begin."""

    def __init__(
        self,
        schema: Schema,
        readings: Sequence[Reading],
        numbers: dict[tuple[str, Constants], int],
        moved: frozenset[tuple[str, str]],
    ) -> None:
        self._schema = schema
        self._numbers = numbers
        self._moved = moved
        self._elsewhere = {
            parent.table
            for table, name in moved
            if (column := schema.column(table, name)) is not None
            and (parent := schema.parent(column)) is not None
        }
        self._empty = {(r.target or table, name) for r in readings for table, name in r.nulls}

    def rows(self, table: str) -> Iterator[str]:
        count = max([n for (name, _), n in self._numbers.items() if name == table], default=1)
        numbers = [*range(1, count + 1)]
        if table in self._elsewhere:
            numbers.append(ELSEWHERE)
        model = self._schema.models[table]
        for number in numbers:
            yield insert(
                table,
                {
                    column.column: self._value(table, column, number)
                    for column in self._schema.columns(model)
                },
            )

    def _value(self, table: str, column: Column, number: int) -> str:
        parent = self._schema.parent(column)
        if (table, column.column) in self._empty and column.null:
            return "NULL"
        if parent is not None and not column.primary:
            moved = (table, column.column) in self._moved
            return self._schema.value(column, ELSEWHERE if moved else 1)
        return self._schema.value(column, number)
