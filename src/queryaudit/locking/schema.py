"""What of a schema decides about locks: keys, and foreign keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from queryaudit.records.definitions import Column, Model

#: Kinds of keys that the database hands out, so that no two rows claim the same.
_SERIAL = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A column that refers to another table's key."""

    column: str
    parent: str  #: the table
    null: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the project's models."""

    name: str
    columns: frozenset[str]
    keys: frozenset[str]  #: columns that a foreign key could refer to: unique ones
    primary: str
    foreign: tuple[ForeignKey, ...]
    claimed: tuple[frozenset[str], ...]  #: unique columns whose values the code chooses


class LockSchema:
    """Tables by name."""

    def __init__(self, models: Iterable[Model]) -> None:
        known = {model.label: model for model in models}
        self._tables: dict[str, Table] = {}
        for _, model in sorted(known.items()):
            self._tables.setdefault(model.table, _table(model, known))

    def get(self, table: str) -> Table | None:
        return self._tables.get(table)


def _table(model: Model, known: dict[str, Model]) -> Table:
    by_name = {column.name: column for column in model.columns}
    columns = [column for column in model.columns if column.column]
    sets = [
        frozenset(by_name[name].column for name in names)
        for names in model.unique
        if all(name in by_name for name in names)
    ]
    claimed = [frozenset({c.column}) for c in columns if c.unique and c.kind not in _SERIAL] + sets
    return Table(
        name=model.table,
        columns=frozenset(column.column for column in columns),
        keys=frozenset(c.column for c in columns if c.unique or c.primary).union(*sets),
        primary=next((column.column for column in columns if column.primary), ""),
        foreign=tuple(_foreign(columns, known)),
        claimed=tuple(claimed),
    )


def _foreign(columns: list[Column], known: dict[str, Model]) -> Iterable[ForeignKey]:
    for column in columns:
        parent = known.get(column.target or "")
        if parent is not None and column.constrained:
            yield ForeignKey(column.column, parent.table, column.null)
