"""How many of the rows that a query locks its transaction writes."""

from __future__ import annotations

from queryaudit.detectors.base import View
from queryaudit.detectors.transactions.holding import WRITES, statement_of
from queryaudit.detectors.transactions.locking import Locking
from queryaudit.records.definitions import Model
from queryaudit.sql.verbs import Verb

#: A whole table, or what a condition finds: rows from which on, and how many for each written one.
_TABLE = (4, 3)
_FOUND = (20, 10)


def is_too_many(one: Locking, view: View) -> bool:
    """Whether far more rows are locked than written, and nothing says that they guard something.

    Rows of one parent, or of one key, are locked together to count or to add them up.
    """
    lock, statement = one.lock, one.statement
    model = view.tables.model_of(one.table)
    if model is None or lock.joined or not lock.waits or statement.has_limit:
        return False
    if lock.filtered and (statement.compared is None or _belongs(statement.compared, model)):
        return False
    least, times = _FOUND if lock.filtered else _TABLE
    if one.rows < least:
        return False
    written = _written(one, model, view)
    return written is not None and 0 < written * times <= one.rows


def _belongs(columns: tuple[str, ...], model: Model) -> bool:
    return any(
        column.column in columns and (column.target or column.unique or column.primary)
        for column in model.columns
    )


def _written(one: Locking, model: Model, view: View) -> int | None:
    """Rows at most; None where a condition found them."""
    primary = tuple(column.column for column in model.columns if column.primary)
    count = 0
    for ran, runs in one.place.began.statements.items():
        statement = statement_of(ran, view)
        if statement.tables[:1] != (one.table,) or statement.verb not in WRITES - {Verb.INSERT}:
            continue
        if statement.compared != primary or statement.binds_list:
            return None
        count += runs.most
    return count
