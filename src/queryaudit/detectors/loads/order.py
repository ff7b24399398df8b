"""Whether the order of a query says of any two rows which comes first."""

from __future__ import annotations

from collections import defaultdict

from queryaudit.detectors.base import View
from queryaudit.detectors.loads.reads import Read
from queryaudit.records.definitions import Model
from queryaudit.sql.joins import joins_of


def leaves_ties(read: Read, view: View) -> bool:
    """Whether two rows can be equal in all columns of ORDER BY; False where that is not certain.

    The unique columns of a row that is joined tell which it is, and so do for the key that leads
    to it.
    """
    shape, model = read.statement.shape, read.model
    if model is None or not shape.order:
        return False
    names: dict[str, set[str]] = defaultdict(set)
    for column in shape.order:
        if column is None:
            return False  # an expression
        names[column.table or shape.table].add(column.name)
    for join in reversed(joins_of(read.text)):
        joined = view.tables.model_of(join.table)
        single = joined is not None and any(
            c.column == join.column and (c.primary or c.unique) for c in joined.columns
        )
        if joined is None or not single:
            return False  # rows are multiplied, or of a table that no model describes
        if _is_total(names.pop(join.alias, set()), joined):
            names[join.from_alias].add(join.from_column)
    own = names.pop(shape.table, set())
    return not names and not _is_total(own, model)


def _is_total(names: set[str], model: Model) -> bool:
    columns = {column.name: column.column for column in model.columns}
    if any(c.column in names for c in model.columns if c.primary or (c.unique and not c.null)):
        return True
    return any(all(columns.get(name) in names for name in key) for key in model.unique)
