"""QA513: rows are locked one by one in a loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.transactions.fold import TransactionFold
from queryaudit.detectors.transactions.locking import lockings, loop_of, sighting
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.rules import Severity
from queryaudit.sql.statement import Statement


class LockInLoop(Detector):
    """Rows are locked one after the other, in a loop within one transaction.

    What it detects
    ---------------
    The same locking query with different parameters, twice or more in one transaction, below a
    loop.

    Why it matters
    --------------
    A round trip for each row, with all earlier rows locked meanwhile. And the order of the locks is
    the loop's: two transactions that go through the same rows in different orders wait for each
    other.

    Example
    -------
    ::

        for line in lines:
            book = Book.objects.select_for_update().get(pk=line.book_id)

    Better
    ------
    ::

        ids = [line.book_id for line in lines]
        books = Book.objects.select_for_update().order_by("pk").in_bulk(ids)

    When it is fine
    ---------------
    When a common row was locked first, or the loop goes through the rows in the order of their keys
    and ends early. Silent: one transaction for each round, ``nowait`` and ``skip_locked``, and all
    rows of a relation or of a condition in each round, even where that is one row.

    Evidence
    --------
    OBSERVED: the queries of one transaction were counted by their parameters.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows from which on it is reported.
    """

    code = "QA513"
    name = "lock-in-loop"
    severity = Severity.WARNING
    summary = "Rows are locked one by one in a loop."
    fold = TransactionFold

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        for one in lockings(fold, view):
            loop = loop_of(one.frames, view)
            if loop is None or not one.lock.waits or one.runs.most < view.threshold:
                continue
            model = view.tables.model_of(one.table)
            if one.statement.binds_list or one.rows > 1 or _is_set(one.statement, model):
                continue  # a batch in each round
            if any("update_or_create(" in line for line in one.frame.snippet):
                continue  # it locks by itself: QA602
            seen = sighting(self.code, one, self.severity, f"rows of {one.table} one by one", loop)
            yield replace(seen, method=model.label.rpartition(".")[2] if model else None)

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return f"Rows of {head.target} are locked one by one in a loop: {head.queries} queries."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="lock all rows by one ordered query before the loop",
            applicability=Applicability.DISPLAY_ONLY,
            code=f"rows = {sightings[0].method or 'Model'}.objects.select_for_update()"
            '.order_by("pk").in_bulk(ids)',
        )


def _is_set(statement: Statement, model: Model | None) -> bool:
    """Whether nothing but chance keeps the locked rows to one."""
    if statement.has_limit or model is None:
        return False
    if statement.compared is None:
        return " OR " in statement.normalised
    names = {c.name: c.column for c in model.columns}
    keys: list[tuple[str, ...]] = [(c.column,) for c in model.columns if c.unique or c.primary]
    keys += [tuple(names.get(name, name) for name in together) for together in model.unique]
    return not any(set(key) <= set(statement.compared) for key in keys)
