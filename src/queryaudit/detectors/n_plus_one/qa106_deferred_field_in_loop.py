"""QA106: a deferred column is read on several rows."""

from __future__ import annotations

from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.detectors.n_plus_one.rule import LoadRule
from queryaudit.records.kinds import AccessKind


class DeferredFieldInLoop(LoadRule):
    """A column that ``only()`` or ``defer()`` left out is fetched row by row after all.

    What it detects
    ---------------
    A deferred field that is read on at least two rows of one evaluated queryset.

    Why it matters
    --------------
    ``only()`` was meant to save something; a query for each row costs far more than the column.

    Example
    -------
    ::

        for book in Book.objects.only("title"):
            print(book.title, book.price)

    Better
    ------
    ::

        for book in Book.objects.only("title", "price"):
            print(book.title, book.price)

    When it is fine
    ---------------
    A wide column that is read on a rare row only.

    Evidence
    --------
    OBSERVED: the reads were traced back to the rows' own queryset.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows of one evaluation on which the column must be read.
    """

    code = "QA106"
    name = "deferred-field-in-loop"
    summary = "A deferred column is loaded once per row."
    order = 20

    def claims(self, load: Load, view: View) -> bool:
        return (
            load.access is not None
            and load.lazy
            and load.access.path[-1].kind is AccessKind.DEFERRED
            and load.rows >= view.threshold
        )
