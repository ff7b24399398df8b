"""Which joins give each row its one other row, by what the models say of their columns."""

from __future__ import annotations

from collections.abc import Iterable

from queryaudit.records.definitions import Column, Model
from queryaudit.sql.joins import Join


class SingleRows:
    """The columns of the models by table."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._columns: dict[tuple[str, str], Column] = {
            (model.table, column.column): column for model in models for column in model.columns
        }

    def adds_nothing(self, join: Join) -> bool:
        """Whether there are the same rows without the join, as many times: none is multiplied, and
        none is lost that has nothing to be joined to."""
        joined = self._columns.get((join.table, join.column))
        if joined is None or not (joined.primary or joined.unique):
            return False
        if join.is_outer:
            return True
        key = self._columns.get((join.from_alias, join.from_column))
        return key is not None and not key.null and key.constrained and key.target is not None
