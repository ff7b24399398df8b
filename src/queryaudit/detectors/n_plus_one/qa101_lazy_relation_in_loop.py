"""QA101: a single related object is loaded once per row."""

from __future__ import annotations

from queryaudit.detectors.n_plus_one.rule import LoadRule
from queryaudit.records.kinds import AccessKind


class LazyRelationInLoop(LoadRule):
    """A foreign key or one-to-one is followed on several rows, with a query for each.

    What it detects
    ---------------
    A forward foreign key, or a one-to-one from either side, that is loaded lazily on at least two
    rows of one evaluated queryset. The finding stands at the queryset, not at the attribute: that
    is where the fix belongs. Several relations of one queryset, at any depth, are one finding.

    Why it matters
    --------------
    The number of queries grows with the number of rows. Each one is quick, so that no slow query
    log shows them, and together they are most of the time of many pages.

    Example
    -------
    ::

        for book in Book.objects.all():
            print(book.title, book.author.name)

    Better
    ------
    ::

        for book in Book.objects.select_related("author"):
            print(book.title, book.author.name)

    Since Django 6.1 ``Book.objects.fetch_mode(models.FETCH_PEERS)`` loads the relation of all
    rows at the first access, too: with one query more, and not with ``iterator()``.

    When it is fine
    ---------------
    One row and its relation (two queries whatever the data), a queryset with a small fixed LIMIT,
    or rows that are so few by their nature that a join is not worth it: ignore it there, with the
    reason.

    Evidence
    --------
    OBSERVED: the lazy loads were traced back to the rows' own queryset, by the instances.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows of one evaluation that must load lazily.
    """

    code = "QA101"
    name = "lazy-relation-in-loop"
    summary = "A related object is loaded once per row of a queryset."
    order = 60
    kinds = frozenset({AccessKind.FORWARD, AccessKind.REVERSE_ONE})
