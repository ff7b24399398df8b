"""QA211: one number is computed of all rows, in Python."""

from __future__ import annotations

from typing import ClassVar

from queryaudit.advice.row_uses import UseKind
from queryaudit.detectors.loads.python_side import RowUseRule
from queryaudit.records.rules import Severity


class PythonSideAggregate(RowUseRule):
    """Rows are loaded only to be added up, or to find the least or the greatest value.

    What it detects
    ---------------
    ``sum()``, ``min()`` and ``max()`` over one column of every row of a queryset, also where it is
    ``values_list`` that gives the column, a list that keeps it for them and for ``len()``, or a
    loop that only adds up, for all rows or by the value of a column, where the source shows that
    the rows serve nothing else.

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
    Rows that are used for something else as well, values that count once each (``distinct()``),
    rows of a prefetched relation (no query runs), properties and methods that the database does not
    know. All are silent. For a handful of rows it is a matter of taste: below a hundred the finding
    is a note.

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
    kinds: ClassVar = {
        UseKind.GROUP: ("for a number by each value", "let the database group", ""),
        UseKind.AGGREGATE: (
            "for one number",
            "let the database compute it",
            "Of no rows the database gives None, and NULL is left out.",
        ),
    }
