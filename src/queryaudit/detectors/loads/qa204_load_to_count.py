"""QA204: rows are loaded to learn how many there are, or whether there are any."""

from __future__ import annotations

from typing import ClassVar

from queryaudit.advice.row_uses import UseKind
from queryaudit.detectors.loads.python_side import RowUseRule
from queryaudit.records.rules import Severity


class LoadToCount(RowUseRule):
    """Rows are loaded and made into objects, and only their number is asked.

    What it detects
    ---------------
    ``len(queryset)``, ``bool(queryset)``, ``if queryset:`` and ``list(queryset)[0]``, where the
    source shows that the rows serve nothing else; ``{% if rows %}`` and ``{{ rows|length }}``,
    where no other tag of the template has the rows, and nothing looked at one of them in the whole
    run.

    Why it matters
    --------------
    The database would answer with one number, or stop at the first row. Instead it sends all rows,
    and each becomes an object.

    Example
    -------
    ::

        if Book.objects.filter(stock=0):
            print("sold out:", len(Book.objects.filter(stock=0)))

    Better
    ------
    ::

        if Book.objects.filter(stock=0).exists():
            print("sold out:", Book.objects.filter(stock=0).count())

    When it is fine
    ---------------
    Rows that are used afterwards: then ``len()`` of what is loaded is the cheapest. A prefetched
    relation, of which the rows are there. Both are silent. For a handful of rows it is a matter of
    taste: below a hundred the finding is a note.

    Evidence
    --------
    OBSERVED: the query ran, and the source of the function, or of the template, has no other use of
    its rows.

    Options
    -------
    None.
    """

    code = "QA204"
    name = "load-to-count"
    severity = Severity.WARNING
    summary = "Rows are loaded only to be counted."
    kinds: ClassVar = {
        UseKind.COUNT: ("to learn their number", "let the database count", ""),
        UseKind.FIRST: ("for one of them", "load the row that is used", ""),
    }
