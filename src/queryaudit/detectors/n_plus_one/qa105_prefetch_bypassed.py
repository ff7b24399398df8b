"""QA105: a prefetched relation is asked again, past its prefetched rows."""

from __future__ import annotations

from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.detectors.n_plus_one.rule import LoadRule


class PrefetchBypassed(LoadRule):
    """A relation was prefetched, and then filtered, ordered or counted per row all the same.

    What it detects
    ---------------
    A related manager whose prefetched rows are there, but which is asked with ``.filter()``,
    ``.order_by()``, ``.first()``, ``.exists()`` or the like on at least two rows. Any such call
    makes a new queryset, and that asks the database.

    Why it matters
    --------------
    Both costs are paid: the prefetch, and a query for each row.

    Example
    -------
    ::

        for author in Author.objects.prefetch_related("books"):
            latest = author.books.order_by("-published").first()

    Better
    ------
    ::

        newest_first = Prefetch("books", queryset=Book.objects.order_by("-published"))
        for author in Author.objects.prefetch_related(newest_first):
            latest = next(iter(author.books.all()), None)

    When it is fine
    ---------------
    A narrower query on purpose for one row of many, where the prefetch serves the others.

    Evidence
    --------
    OBSERVED: the instance held the prefetched rows when it was asked past them.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows that must be asked.
    """

    code = "QA105"
    name = "prefetch-bypassed"
    summary = "A prefetched relation is asked again for each row."
    order = 10

    def claims(self, load: Load, view: View) -> bool:
        return (
            load.access is not None
            and load.lazy
            and not load.eager
            and load.access.prefetched
            and load.rows >= view.threshold
        )
