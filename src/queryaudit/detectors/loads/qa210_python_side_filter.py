"""QA210: rows are loaded and thrown away by a condition that the database could have asked."""

from __future__ import annotations

from typing import ClassVar

from queryaudit.advice.row_uses import UseKind
from queryaudit.detectors.loads.python_side import RowUseRule
from queryaudit.records.rules import Severity


class PythonSideFilter(RowUseRule):
    """Rows are chosen in Python by columns that the database could have filtered.

    What it detects
    ---------------
    Comprehensions and loops over a queryset that keep only rows whose columns fulfil a condition,
    ``any()`` over such a condition and ``len()`` of what is left; ``row in queryset``, and rows
    that are sorted by a column, or made a list of, for the first few: where the source shows that
    the other rows serve nothing.

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
    kinds: ClassVar = {
        UseKind.FILTER: ("to be filtered in Python", "let the database filter", ""),
        UseKind.SEARCH: ("to look for one in Python", "let the database look", ""),
        UseKind.ORDER: (
            "for the first of them",
            "let the database sort and stop",
            "Rows that are equal in this order can come in another one.",
        ),
    }
