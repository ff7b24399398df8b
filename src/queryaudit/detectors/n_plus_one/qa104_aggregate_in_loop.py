"""QA104: a count, an existence check or a sum is asked once per row."""

from __future__ import annotations

from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.loads import AGGREGATES, Load
from queryaudit.detectors.n_plus_one.qa103_query_in_loop import is_hand_written_loop
from queryaudit.detectors.n_plus_one.rule import LoadRule


class AggregateInLoop(LoadRule):
    """``count()``, ``exists()`` or ``aggregate()`` runs once per row.

    What it detects
    ---------------
    A related manager of at least two rows of one queryset that is asked for a number or for
    existence only, or such a query written by hand in a loop.

    Why it matters
    --------------
    Prefetching would load all the related rows to count them; the database can give the numbers
    for all rows in the query that loads them.

    Example
    -------
    ::

        for author in Author.objects.all():
            print(author.name, author.books.count())

    Better
    ------
    ::

        for author in Author.objects.annotate(books_count=Count("books")):
            print(author.name, author.books_count)

    When it is fine
    ---------------
    A number for one row. Rows whose related objects are prefetched anyway: there
    ``len(author.books.all())`` asks nothing.

    Evidence
    --------
    OBSERVED: the queries were traced back to the rows' own queryset, or to their loop.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows that must be asked.
    """

    code = "QA104"
    name = "aggregate-in-loop"
    summary = "A count, existence check or other aggregate is asked once per row."
    order = 40

    def claims(self, load: Load, view: View) -> bool:
        if load.lazy and load.access is not None:
            return load.access.method in AGGREGATES and load.rows >= view.threshold
        return load.statement.is_aggregate_only and is_hand_written_loop(load, view)
