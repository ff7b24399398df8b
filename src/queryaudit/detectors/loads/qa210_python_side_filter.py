"""QA210: rows are loaded and thrown away by a condition that the database could have asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.advice.row_use import UseKind
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.python_side import RowsFold
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity


class PythonSideFilter(Detector):
    """Rows are chosen in Python by columns that the database could have filtered.

    What it detects
    ---------------
    Comprehensions and loops over a queryset that keep only rows whose columns fulfil a condition,
    ``any()`` over such a condition and ``len()`` of what is left, where the source shows that the
    other rows serve nothing.

    Why it matters
    --------------
    All rows are read, sent and made into objects, and most are thrown away. An index can't help.

    Example
    -------
    ::

        cheap = [book for book in Book.objects.all() if book.price < 10]

    Better
    ------
    ::

        cheap = Book.objects.filter(price__lt=10)

    When it is fine
    ---------------
    Rows that are used for something else as well (split into two lists), rows of a prefetched
    relation (no query runs), conditions that SQL can't say: methods, properties, values of other
    rows. All are silent. For a handful of rows it is a matter of taste: below a hundred the
    finding is a note.

    Evidence
    --------
    OBSERVED: the query ran, and the function's source has no other use of its rows.

    Options
    -------
    None.
    """

    code = "QA210"
    name = "python-side-filter"
    severity = Severity.WARNING
    summary = "Rows are filtered in Python by columns."
    fold = RowsFold

    def judge(self, fold: RowsFold, view: View) -> Iterable[Sighting]:
        return fold.sightings(self.code, UseKind.FILTER, view)

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        rows = (head.model or "").rpartition(".")[2]
        return f"{head.rows} {rows} rows are loaded to be filtered in Python: `{head.note}`."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        use = sightings[0].use
        if use is None:
            return None
        rows = (sightings[0].model or "").rpartition(".")[2]
        return Fix(
            title="let the database filter",
            applicability=Applicability.DISPLAY_ONLY,
            code=f"{rows}.objects{''.join(use.calls)}",
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        rows = sum(s.rows for s in sightings)
        return Evidence(
            grade=Grade.OBSERVED, text=f"{rows} rows were fetched; the source shows their only use"
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0
