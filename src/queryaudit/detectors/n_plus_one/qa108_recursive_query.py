"""QA108: a tree is walked with a query for each node or level."""

from __future__ import annotations

from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.detectors.n_plus_one.rule import LoadRule
from queryaudit.records.kinds import FrameKind

#: Levels that tell a walk from a relation followed twice on purpose.
_LEVELS = 3


class RecursiveQuery(LoadRule):
    """A function asks for children or parents, and again for theirs, level by level.

    What it detects
    ---------------
    One place of the source that follows the same relation from row to row over at least three
    levels, or a recursive function that runs the same statement at three depths.

    Why it matters
    --------------
    The number of queries grows with the size of the tree, which nobody sees in a small fixture,
    and neither ``select_related`` nor ``prefetch_related`` reaches an unknown depth.

    Example
    -------
    ::

        def names(category):
            yield category.name
            for child in category.children.all():
                yield from names(child)

    Better
    ------
    Load the tree in one query and put it together in memory::

        by_parent = defaultdict(list)
        for category in Category.objects.all():
            by_parent[category.parent_id].append(category)

    or let the database walk it: ``WITH RECURSIVE``, or a materialised path as in django-treebeard.

    When it is fine
    ---------------
    A fixed small depth, as in ``category.parent.parent``: that is a relation path for
    ``select_related``, and is treated as one.

    Evidence
    --------
    OBSERVED: the same instructions at growing depth.

    Options
    -------
    None.
    """

    code = "QA108"
    name = "recursive-query"
    summary = "A tree is walked with a query for each node or level."
    order = 5

    def claims(self, load: Load, view: View) -> bool:
        if load.levels < _LEVELS or load.eager:
            return False
        if load.lazy:
            return True
        statement = load.statement
        if statement.is_aggregate_only:
            return False  # looking for a free name is no tree
        if load.params < view.threshold or statement.binds_list or statement.is_keyset_page:
            return False
        site = load.site
        return site is not None and (site.kind in view.own or site.kind is FrameKind.TEST)
