"""From what ran in transactions to their locks. What can't meet anybody is left out: rows that
the transaction made itself, tables of libraries' own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from queryaudit.detectors.base import View
from queryaudit.detectors.places import evaluated_at, function_of
from queryaudit.detectors.transactions.exchanged import exchanged
from queryaudit.detectors.transactions.holding import BOOKKEEPING
from queryaudit.detectors.transactions.lock_fold import LockFold, Order, Ran
from queryaudit.detectors.transactions.named_rows import named_row
from queryaudit.locking.graph import ANY, Chain, Step, is_postgres, locks_rows
from queryaudit.locking.locks import Lock, taken
from queryaudit.locking.modes import UniqueMode
from queryaudit.locking.reading import Reading, read
from queryaudit.locking.schema import LockSchema
from queryaudit.records.definitions import FunctionText, Model
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb


def chains(fold: LockFold, view: View) -> Iterator[Chain]:
    """The transactions of one's own that lock, on servers that lock rows."""
    vendors = view.vendors
    schema = view.tables.of_models(LockSchema)
    for home, orders in fold.orders.items():
        stack, alias, _ = home
        vendor = vendors.get(alias, "")
        begin = evaluated_at(view.tables.stacks[stack].frames, view)
        if not locks_rows(vendor) or begin is None or begin.kind not in view.own:
            continue
        for order in orders:
            made = _steps(order, view, schema, postgres=is_postgres(vendor))
            if made:
                steps = tuple(step for step, _ in made)
                chain = Chain(alias, vendor, begin, steps, order.commits)
                yield chain
                pair = exchanged(steps, [ran for _, ran in made], _function(steps, view))
                yield from [chain._replace(steps=named) for named in pair or ()]


def _function(steps: Sequence[Step], view: View) -> FunctionText | None:
    """The one function in which all statements stand."""
    frames = {(step.frame.path, step.frame.function) for step in steps}
    return function_of(steps[0].frame, view.tables) if len(frames) == 1 else None


def models_of(found: Sequence[Chain], models: Mapping[str, Model]) -> Iterator[Model]:
    """The tables that transactions name, and those that these refer to: what a replay needs."""
    named = {t for chain in found for step in chain.steps for t in read(step.text).tables}
    if not named:
        return
    wanted = sorted(label for label, model in models.items() if model.table in named)
    known: dict[str, Model] = {}
    while wanted:
        label = wanted.pop()
        if label in models and label not in known:
            known[label] = models[label]
            wanted += [column.target for column in models[label].columns if column.target]
    yield from known.values()


def _steps(
    order: Order, view: View, schema: LockSchema, *, postgres: bool
) -> list[tuple[Step, Ran]]:
    found: list[tuple[Step, Ran]] = []
    made: set[str] = set()
    immediate = False
    for ran in order.ran:
        text = view.tables.sql[ran.sql].text
        reading = read(text)
        if reading.constraints is not None:
            immediate = reading.constraints
        frame = evaluated_at(view.tables.stacks[ran.stack].frames, view)
        if frame is None:
            continue
        row = named_row(frame, schema.get(_table(reading.target, reading.sources)))
        nulls = view.tables.nulls.get((ran.sql, ran.stack), ())
        locks = taken(reading, schema, row, immediate=immediate, nulls=nulls)
        now = _meeting(locks.now, made, postgres=postgres)
        last = _meeting(locks.at_commit, made, postgres=postgres)
        if reading.verb is Verb.INSERT:
            made.add(reading.target)
        statement = view.statements.of(text)
        named = _named(reading, statement, view)
        found.append((Step(text, statement.normalised, frame, now, last, named), ran))
    return found


def _named(reading: Reading, statement: Statement, view: View) -> str:
    """What ``Step.named`` says."""
    if reading.row_lock is not None or reading.verb is Verb.INSERT:
        return ANY
    compared = {*(statement.compared or ()), *(column for column, _ in reading.constants)}
    table = view.tables.model_of(reading.target)
    columns = [c for c in table.columns if c.column in compared] if table is not None else []
    if table is None or any(column.primary for column in columns):
        return reading.target if columns else ""
    if reading.verb is not Verb.UPDATE or len(columns) != 1:
        return ""
    parent = view.tables.models.get(columns[0].target or "")
    return parent.table if parent is not None else ""


def _table(target: str, sources: Sequence[tuple[str, str]]) -> str:
    return target or next((table for table, _ in sources), "")


def _meeting(locks: Sequence[Lock], made: set[str], *, postgres: bool) -> tuple[Lock, ...]:
    """Those that others may ask for as well."""
    return tuple(
        lock
        for lock in locks
        if lock.table not in BOOKKEEPING
        and not (isinstance(lock.mode, RowLockMode) and lock.table in made)
        and (postgres or _is_common(lock))
    )


def _is_common(lock: Lock) -> bool:
    """Whether other servers take it as well."""
    return isinstance(lock.mode, RowLockMode | UniqueMode) and (
        lock.mode is not RowLockMode.KEY_SHARE
    )
