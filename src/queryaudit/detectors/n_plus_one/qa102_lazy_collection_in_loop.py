"""QA102: a collection of related objects is loaded once per row."""

from __future__ import annotations

from queryaudit.detectors.n_plus_one.rule import LoadRule
from queryaudit.records.kinds import AccessKind


class LazyCollectionInLoop(LoadRule):
    """The related objects of several rows are fetched with a query for each row.

    What it detects
    ---------------
    A reverse foreign key or a many-to-many relation whose related manager is asked (``.all()``,
    ``.filter()``, ``.first()``, ...) on at least two rows of one evaluated queryset. So is
    ``prefetch_related_objects([row], ...)`` for one row after the other.

    Why it matters
    --------------
    As with a single relation, the number of queries grows with the number of rows, and nested
    loops multiply.

    Example
    -------
    ::

        for author in Author.objects.all():
            print(author.name, [book.title for book in author.books.all()])

    Better
    ------
    ::

        for author in Author.objects.prefetch_related("books"):
            print(author.name, [book.title for book in author.books.all()])

    If the collection is filtered or ordered on the way, prefetch just that::

        Author.objects.prefetch_related(
            Prefetch("books", queryset=Book.objects.filter(published=True), to_attr="in_print")
        )

    When it is fine
    ---------------
    One parent and its collection. Collections so large that they should not be held in memory all
    at once: then chunk the parents and prefetch for each chunk.

    Evidence
    --------
    OBSERVED: the related managers were traced back to the rows' own queryset, by the instances.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows of one evaluation that must be asked.
    """

    code = "QA102"
    name = "lazy-collection-in-loop"
    summary = "A collection of related objects is loaded once per row of a queryset."
    order = 50
    kinds = frozenset({AccessKind.COLLECTION, AccessKind.MANY})
