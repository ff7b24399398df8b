"""QA504: several rows are locked in no fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.transactions.fold import TransactionFold
from queryaudit.detectors.transactions.locking import lockings, sighting
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity


class UnorderedRowLocks(TransactionRule):
    """Several rows are locked by one query that has no order.

    What it detects
    ---------------
    ``select_for_update()`` in a transaction that locked two rows or more, with no ``ORDER BY``, and
    that waits for rows which others hold.

    Why it matters
    --------------
    The server locks rows in the order in which it finds them, and that depends on the plan and on
    where rows lie. Two transactions that want the same rows can each get one first, and then wait
    for each other: a deadlock, which PostgreSQL ends by an error in one of them.

    Example
    -------
    ::

        books = Book.objects.filter(pk__in=ids).order_by().select_for_update()

    Better
    ------
    ::

        books = Book.objects.filter(pk__in=ids).order_by("pk").select_for_update()

    When it is fine
    ---------------
    When all who lock these rows have locked a common row first: seen in the transaction, that keeps
    the rule silent. So do one row, any order, ``nowait`` and ``skip_locked``.

    Evidence
    --------
    OBSERVED: the rows that the query locked were counted.

    Options
    -------
    None.
    """

    code = "QA504"
    name = "unordered-row-locks"
    severity = Severity.WARNING
    summary = "Several rows are locked in no fixed order."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        for one in lockings(fold, view):
            lock = one.lock
            if lock.ordered or not lock.waits or one.rows < 2 or one.gated:
                continue
            if lock.joined and not lock.of:
                continue  # too many rows besides: QA505
            yield sighting(self.code, one, self.severity, f"rows of {one.table} in no order")

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return f"Rows of {head.target} are locked in no fixed order in {head.owner}."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        rows = max(s.most for s in sightings)
        return Evidence(
            grade=Grade.OBSERVED, text=f"a query without ORDER BY fetched {rows} rows to lock"
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="lock in the order of the key",
            applicability=Applicability.UNSAFE,
            code='.order_by("pk").select_for_update()',
            note="All places that lock rows of this table need the same order.",
        )
