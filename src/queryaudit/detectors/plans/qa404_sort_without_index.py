"""QA404: many rows are sorted for the first few."""

from __future__ import annotations

from queryaudit.advice.diagnosis import Diagnosis, Trouble
from queryaudit.detectors.plans.rule import number
from queryaudit.detectors.plans.scan_rule import ScanRule, reading


class SortWithoutIndex(ScanRule):
    """The first rows of an order are found by reading and sorting all of them.

    What it detects
    ---------------
    A sort below a LIMIT that takes at most a tenth of what is sorted, over rows of one table that
    are chosen by equality or not at all, where no index has that order.

    Why it matters
    --------------
    A page of twenty reads the whole table. An index over the columns of the equality and then of
    the order hands out the twenty.

    Example
    -------
    ::

        Shipment.objects.filter(carrier=carrier).order_by("-sent_at")[:20]

    Better
    ------
    ::

        class Meta:
            indexes = [models.Index(fields=["carrier", "-sent_at"], name="shipment_sent")]

    When it is fine
    ---------------
    Sorts of few rows are left alone, as are those whose rows are all wanted, orders over several
    tables or over expressions, and orders that an index has already, forwards or backwards.

    Evidence
    --------
    MEASURED: with ``explain = "analyze"``; else ESTIMATED, where the table has statistics.

    Options
    -------
    ``explain`` turns it on; ``small-table`` is the number of rows below which a sort is small.
    """

    code = "QA404"
    name = "sort-without-index"
    summary = "All rows are read and sorted, for the first few of the order."
    trouble = Trouble.SORT

    def tell(self, found: Diagnosis) -> str:
        order = found.scan.order
        if order is None:
            return self.summary
        columns = ", ".join(f"{'-' if down else ''}{column}" for column, down in order.keys)
        return (
            f"{reading(found)} and {number(order.sorted_rows)} sorted by {columns} "
            f"for the first {number(order.wanted or 0)}: no index has that order."
        )
