"""Which join of a query gives several rows for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from queryaudit.detectors.loads.reads import Read
from queryaudit.records.definitions import Model
from queryaudit.sql.joins import Join, compares_to_one_value, joins_of


def by_table(models: Iterable[Model]) -> dict[str, Model]:
    return {model.table: model for model in models}


class Multiplied(NamedTuple):
    join: Join
    beyond: frozenset[str]  #: the tables that are reached by it or one like it


def multiplying(
    read: Read, shown: frozenset[str], models: Mapping[str, Model]
) -> Multiplied | None:
    """The join that gives several rows for one; None if that is not certain.

    ``shown`` are the tables whose columns are wanted: one row for each of theirs is, too.
    """
    shape, text = read.statement.shape, read.text
    if read.model is None or shape.grouped is not None or shape.is_combined or "(" in _list(text):
        return None
    many: Join | None = None
    beyond: set[str] = set()
    for join in joins_of(text):
        model = models.get(join.table)
        if model is None:
            return None
        column = next((c for c in model.columns if c.column == join.column), None)
        if column is None:
            return None
        single = column.unique or column.primary
        if single and join.from_alias not in beyond:
            continue
        beyond.add(join.alias)
        if not single and join.from_alias == shape.table:
            many = many or join
        if _is_fixed(text, join, model):
            return None
    if many is None or beyond & shown:
        return None
    return Multiplied(many, frozenset(beyond))


def _is_fixed(text: str, join: Join, model: Model) -> bool:
    """Whether a condition leaves at most one row of the joined ones."""
    columns = {column.name: column.column for column in model.columns}
    keys = [(c.name,) for c in model.columns if c.unique or c.primary] + [*model.unique]
    return any(
        all(
            columns.get(name) == join.column
            or compares_to_one_value(text, join.alias, columns.get(name, name))
            for name in key
        )
        for key in keys
        if (columns.get(key[0]) != join.column or len(key) > 1)
    )


def _list(text: str) -> str:
    return text.partition(" FROM ")[0]
