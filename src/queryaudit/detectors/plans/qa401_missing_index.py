"""QA401: a selective filter or join is answered by reading the table."""

from __future__ import annotations

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.conditions import Compared
from queryaudit.advice.diagnosis import Diagnosis, Trouble
from queryaudit.detectors.plans.rule import number
from queryaudit.detectors.plans.scan_rule import ScanRule, reading


class MissingIndex(ScanRule):
    """A filter or a join that wants few rows reads many, as no index leads to them.

    What it detects
    ---------------
    A sequential scan, or the use of an index that fits only partly, that keeps at most a tenth of
    the rows it reads, where an index over the columns of the condition could lead to them and no
    index of the table does. Joins, correlated subqueries, states that the code names
    (``shipped_at IS NULL``: a partial index), ``UPPER(column)`` as ``iexact`` writes it, JSON,
    arrays and patterns are read from the plan, so that each gets the kind of index it needs. An
    ``OR`` of columns gets one for each of them.

    Why it matters
    --------------
    The time grows with the table, while the answer does not. On a table of a million rows the
    difference is a thousandfold.

    Example
    -------
    ::

        Shipment.objects.filter(tracking_code=code)  # tracking_code has no index

    Better
    ------
    ::

        class Shipment(models.Model):
            tracking_code = models.CharField(max_length=20)

            class Meta:
                indexes = [models.Index(fields=["tracking_code"], name="shipment_code")]

    When it is fine
    ---------------
    Small tables are read in no time, and tables that are written much more often than they are
    read in this way pay more for an index than they gain: both are left alone. So is a filter that
    most rows pass, and a statement for which an index exists that the planner chose not to use. A
    report that runs once a month may well read a table.

    Evidence
    --------
    MEASURED: with ``explain = "analyze"`` the rows that were read and kept are counted. With
    ``plan``, and from a saved trace, they are the planner's ESTIMATE, given only where the table
    has statistics. That the index pays is shown by ``queryaudit advise``.

    Options
    -------
    ``explain`` turns it on; ``small-table`` is the number of rows below which a table is small.
    """

    code = "QA401"
    name = "missing-index"
    summary = "A table is read to find few of its rows, as no index leads to them."
    trouble = Trouble.NO_INDEX

    def tell(self, found: Diagnosis) -> str:
        columns = " or by ".join(map(_condition, found.candidates))
        return (
            f"{reading(found)} to find {number(found.scan.kept)}: "
            f"no index leads there by {columns}."
        )


def _condition(candidate: Candidate) -> str:
    """The columns of an index, or the state of which it has the rows."""
    if candidate.where is None:
        return ", ".join(
            f"{key.function}({key.column})" if key.function else key.column
            for key in candidate.keys
        )
    column, state = candidate.where
    if state in (Compared.TRUE, Compared.FALSE):
        return column if state is Compared.TRUE else f"NOT {column}"
    return f"{column} {state.value}"
