"""QA505: a locking query locks rows that nobody writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.transactions.fold import TransactionFold
from queryaudit.detectors.transactions.holding import held_by
from queryaudit.detectors.transactions.locked_rows import is_too_many
from queryaudit.detectors.transactions.locking import lockings, sighting
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity


class OverWideLock(TransactionRule):
    """A locking query locks rows of joined tables, or of the whole table, and few are written.

    What it detects
    ---------------
    ``select_for_update()`` with a join (``select_related()`` or a filter over a relation) and
    without ``of=``, in a transaction that writes to none of the joined tables. As a note:
    ``select_for_update()`` without a condition on four rows or more of which no more than a third
    is written, and with one on twenty or more of which no more than a tenth is.

    Why it matters
    --------------
    Rows of parents are shared: an author's row that is locked with each of his books makes
    everybody wait who sells another one, or inserts a row that refers to it.

    Example
    -------
    ::

        book = Book.objects.select_related("author").select_for_update().get(pk=pk)

    Better
    ------
    ::

        book = Book.objects.select_related("author").select_for_update(of=("self",)).get(pk=pk)

    When it is fine
    ---------------
    When the joined rows are locked on purpose, to keep them as they are until the commit. Say so
    with ``of=("self", "author")``: then the rule is silent. When many rows are locked to count or
    to add them up; silent where they have one parent or key in common, where the transaction writes
    to none of the table, or by a condition, and with ``skip_locked`` or a limit.

    Evidence
    --------
    OBSERVED: the statement names its tables, the rows that it fetched were counted, and what the
    transaction wrote was seen.

    Options
    -------
    None.
    """

    code = "QA505"
    name = "over-wide-lock"
    severity = Severity.WARNING
    summary = "A locking query locks rows that nobody writes."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        for one in lockings(fold, view):
            if is_too_many(one, view):
                yield replace(
                    sighting(self.code, one, Severity.NOTE, f"rows of {one.table}"), method="rows"
                )
                continue
            others = one.statement.tables[1:]
            if not one.lock.joined or one.lock.of or not others:
                continue
            written = {h.table for h in held_by(one.place.began.statements, view) if h.written}
            if not written & set(others):
                yield sighting(
                    self.code, one, self.severity, f"{', '.join(others)} locked with {one.table}"
                )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        if head.method == "rows":
            return f"Far more rows of {head.target} are locked than {head.owner} writes."
        return f"Rows are locked that nothing is done to: {sightings[0].note}."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        if sightings[0].method == "rows":
            return Evidence(
                grade=Grade.OBSERVED,
                text=f"a query locked {max(s.most for s in sightings)} rows; the transaction wrote "
                "few of them, each by its key",
            )
        return Evidence(
            grade=Grade.OBSERVED,
            text="FOR UPDATE without OF locks rows of all joined tables; the transaction wrote to "
            "none of the others",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        if sightings[0].method == "rows":
            return Fix(
                title="lock the rows that are written",
                applicability=Applicability.DISPLAY_ONLY,
                code='.filter(pk__in=chosen).order_by("pk").select_for_update()',
                note="Or put what chooses them into the query's condition. Where rows are locked "
                "to count them or to add them up, lock the one row that they belong to.",
            )
        return Fix(
            title="lock the rows that are meant",
            applicability=Applicability.UNSAFE,
            code='.select_for_update(of=("self",))',
            note="MySQL since 8.0.1 and PostgreSQL know OF; MariaDB and SQLite do not.",
        )
