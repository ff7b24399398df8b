"""QA209: more values in one condition than a planner likes to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.reads import Read, ReadFold
from queryaudit.detectors.loads.sighting import sight
from queryaudit.records.findings import Applicability, Fix

#: Methods that take a list of keys as what they are for.
_BULK = frozenset({"in_bulk", "delete", "bulk_create", "bulk_update", "update"})


class LargeInList(Detector):
    """A condition lists a great many values.

    What it detects
    ---------------
    A query written by hand with ``IN`` and more than ``max-in-list`` values, as
    ``filter(pk__in=ids)`` makes it from a list.

    Why it matters
    --------------
    The values were fetched, sent, parsed and planned one by one; the statement is another one for
    each number of values, so that no plan is kept and statistics fill up with its variants. From
    some thousands on databases refuse it: SQLite at 250,000 parameters, PostgreSQL at 65,535.

    Example
    -------
    ::

        ids = list(Customer.objects.filter(active=True).values_list("pk", flat=True))
        orders = Order.objects.filter(customer_id__in=ids)

    Better
    ------
    ::

        customers = Customer.objects.filter(active=True)
        orders = Order.objects.filter(customer__in=customers)

    A queryset becomes a subquery. Values from elsewhere go in batches, or on PostgreSQL as one
    array: ``= ANY(%s)``.

    When it is fine
    ---------------
    What Django sends in bulk by itself is silent: ``in_bulk``, prefetches, deletions and bulk
    writes, as are batches that a loop goes through.

    Evidence
    --------
    OBSERVED: the placeholders of the statement were counted.

    Options
    -------
    ``max-in-list`` (1,000): values that one condition may list.
    """

    code = "QA209"
    name = "large-in-list"
    summary = "A condition lists a great many values."
    fold = ReadFold

    def judge(self, fold: ReadFold, view: View) -> Iterable[Sighting]:
        for read in fold.reads(view):
            if not self._is_large(read, view):
                continue
            sighting = sight(self.code, read, self.severity, view, "a list of values")
            if sighting is not None:
                yield sighting

    def _is_large(self, read: Read, view: View) -> bool:
        if read.statement.shape.longest_list <= view.limits.max_in_list:
            return False
        return not (read.is_eager or read.method in _BULK or (read.varies and read.queries > 1))

    def message(self, sightings: Sequence[Sighting]) -> str:
        name = (sightings[0].model or "").rpartition(".")[2] or "a table"
        return f"Rows of {name} are looked up by a list of more values than max-in-list allows."

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        name = (sightings[0].model or "").rpartition(".")[2] or "Model"
        return Fix(
            title="let the database find the values",
            applicability=Applicability.DISPLAY_ONLY,
            code=f"{name}.objects.filter(key__in=queryset)  # a queryset, not a list",
            note="If the values come from no table, go through them in batches of some hundred.",
        )
