"""QA403: a condition is written past the index that there is."""

from __future__ import annotations

from queryaudit.advice.conditions import Clause, Compared
from queryaudit.advice.diagnosis import Diagnosis, Trouble
from queryaudit.detectors.plans.rule import number
from queryaudit.detectors.plans.scan_rule import ScanRule, reading
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Applicability, Fix

_TOLD = {
    "date": "its date is compared, not itself",
    "part": "a part of its date is compared, not itself",
    "upper": "it is compared without regard to case",
    "lower": "it is compared without regard to case",
}


class NonSargableFilter(ScanRule):
    """A condition can't use the index of its column, as it is not the column that it compares.

    What it detects
    ---------------
    A scan that keeps at most a tenth of what it reads, by a condition on a column that an index
    begins with, where the condition compares something else: ``placed_at__date=day`` or
    ``__year``, ``email__iexact``, ``name__icontains``, or a pattern that an index in the
    database's collation can't serve.

    Why it matters
    --------------
    The index is there, is maintained with every write, and is not used.

    Example
    -------
    ::

        Order.objects.filter(placed_at__date=day)

    Better
    ------
    ::

        Order.objects.filter(placed_at__gte=start, placed_at__lt=start + timedelta(days=1))

    When it is fine
    ---------------
    Small tables, conditions that most rows pass, and statements in which another condition leads
    to few rows by an index: nothing is said about these. Where the expression itself is indexed
    the planner uses that.

    Evidence
    --------
    MEASURED: with ``explain = "analyze"``; else ESTIMATED, where the table has statistics.

    Options
    -------
    ``explain`` turns it on; ``small-table`` is the number of rows below which a table is small.
    """

    code = "QA403"
    name = "non-sargable-filter"
    summary = "A condition is written so that the index of its column can't serve it."
    trouble = Trouble.UNSERVED

    def tell(self, found: Diagnosis) -> str:
        clause = found.clause
        if clause is None:
            return self.summary
        return (
            f"{reading(found)} to find {number(found.scan.kept)}: the index of {clause.column} "
            f"can't be used, as {_why(clause)}."
        )

    def fix(self, found: Diagnosis, model: Model | None) -> Fix | None:
        clause = found.clause
        if found.candidate is not None or clause is None:
            return super().fix(found, model)
        field = next(
            (c.name for c in (model.columns if model else ()) if c.column == clause.column),
            clause.column,
        )
        return Fix(
            title=f"Compare {clause.column} itself with a range",
            applicability=Applicability.DISPLAY_ONLY,
            code=f".filter({field}__gte=start, {field}__lt=end)",
            note="start and end are the bounds of the day, month or year in the current time zone, "
            "as aware datetimes where the column is one; the end is not included.",
        )


def _why(clause: Clause) -> str:
    if clause.test is Compared.INFIX:
        return "the pattern begins with a wildcard"
    if clause.function:
        return _TOLD.get(clause.function, f"{clause.function}() of it is compared")
    return "an index in this collation can't look up patterns"
