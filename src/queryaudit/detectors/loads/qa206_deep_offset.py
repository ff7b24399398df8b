"""QA206: a page that is reached by reading and throwing away all rows before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.reads import ReadFold
from queryaudit.detectors.loads.sighting import sight
from queryaudit.records.findings import Applicability, Fix


class DeepOffset(Detector):
    """A page far behind is asked for with ``OFFSET``.

    What it detects
    ---------------
    A query that skips ``max-offset`` rows or more: ``queryset[20_000:20_050]``, a late page of a
    paginator, ``OFFSET`` in raw SQL. Offsets that are parameters of raw SQL are not seen.

    Why it matters
    --------------
    The database reads and sorts every skipped row to throw it away. Each page is slower than the
    one before, and a crawler that follows the links asks for them all.

    Example
    -------
    ::

        orders = Order.objects.order_by("pk")[20_000:20_050]

    Better
    ------
    ::

        orders = Order.objects.filter(pk__gt=last_seen).order_by("pk")[:50]

    Django REST framework has ``CursorPagination`` for that.

    When it is fine
    ---------------
    The first pages are silent. Where people may jump to any page of a table that stays small
    enough, raise ``max-offset``, or ignore the rule there.

    Evidence
    --------
    OBSERVED: the number stands in the statement, where Django puts it.

    Options
    -------
    ``max-offset`` (10,000): rows that a page may skip.
    """

    code = "QA206"
    name = "deep-offset"
    summary = "A page is reached by reading all rows before it."
    fold = ReadFold

    def judge(self, fold: ReadFold, view: View) -> Iterable[Sighting]:
        for read in fold.reads(view):
            offset = read.statement.shape.offset
            if offset is None or offset < view.limits.max_offset:
                continue
            sighting = sight(self.code, read, self.severity, view, "skips what it has read")
            if sighting is not None:
                yield sighting

    def message(self, sightings: Sequence[Sighting]) -> str:
        name = (sightings[0].model or "").rpartition(".")[2] or "the table"
        return f"A page of {name} is reached by reading and skipping all rows before it."

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        name = (sightings[0].model or "").rpartition(".")[2] or "Model"
        return Fix(
            title="go on after the last key",
            applicability=Applicability.DISPLAY_ONLY,
            code=f'{name}.objects.filter(pk__gt=last_seen).order_by("pk")[:50]',
            note="`last_seen` is the key of the last row of the page before, handed back by the "
            "client. In Django REST framework: `CursorPagination`.",
        )
