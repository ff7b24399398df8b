"""QA211: one number is computed of all rows, in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.advice.row_use import UseKind
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.python_side import RowsFold
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity


class PythonSideAggregate(Detector):
    """Rows are loaded only to be added up, or to find the least or the greatest value.

    What it detects
    ---------------
    ``sum()``, ``min()`` and ``max()`` over one column of every row of a queryset, or a loop that
    only adds up, where the source shows that the rows serve nothing else.

    Why it matters
    --------------
    The database would send one number. Instead it sends every row, and each becomes an object.

    Example
    -------
    ::

        total = sum(item.price * item.quantity for item in order.items.all())

    Better
    ------
    ::

        total = order.items.aggregate(value=Sum(F("price") * F("quantity")))["value"]

    When it is fine
    ---------------
    Rows that are used for something else as well, rows of a prefetched relation (no query runs),
    properties and methods that the database does not know. All are silent. For a handful of rows it
    is a matter of taste: below a hundred the finding is a note.

    Evidence
    --------
    OBSERVED: the query ran, and the function's source has no other use of its rows.

    Options
    -------
    None.
    """

    code = "QA211"
    name = "python-side-aggregate"
    severity = Severity.WARNING
    summary = "One number is computed of all rows, in Python."
    fold = RowsFold

    def judge(self, fold: RowsFold, view: View) -> Iterable[Sighting]:
        return fold.sightings(self.code, UseKind.AGGREGATE, view)

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        rows = (head.model or "").rpartition(".")[2]
        return f"{head.rows} {rows} rows are loaded for one number: `{head.note}`."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        use = sightings[0].use
        if use is None:
            return None
        rows = (sightings[0].model or "").rpartition(".")[2]
        code = f'{rows}.objects{"".join(use.calls)}["value"]'
        return Fix(
            title="let the database compute it",
            applicability=Applicability.DISPLAY_ONLY,
            code="\n".join((*use.imports, code)),
            note="Of no rows the database gives None, and NULL is left out.",
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        rows = sum(s.rows for s in sightings)
        return Evidence(
            grade=Grade.OBSERVED, text=f"{rows} rows were fetched; the source shows their only use"
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0
