"""QA107: a generic foreign key or generic relation is followed once per row."""

from __future__ import annotations

from queryaudit.detectors.n_plus_one.rule import LoadRule
from queryaudit.records.kinds import AccessKind


class GenericRelationInLoop(LoadRule):
    """A ``GenericForeignKey`` or ``GenericRelation`` is loaded with a query for each row.

    What it detects
    ---------------
    A generic key that is followed, or a generic relation that is read, on at least two rows of one
    evaluated queryset.

    Why it matters
    --------------
    The number of queries grows with the number of rows. ``select_related`` cannot help: the
    target's table is not known before the row is.

    Example
    -------
    ::

        for comment in Comment.objects.all():
            print(comment.text, comment.content_object)

    Better
    ------
    ::

        for comment in Comment.objects.prefetch_related("content_object"):
            print(comment.text, comment.content_object)

    That asks once for each content type. Since Django 5.0 ``GenericPrefetch`` says which queryset
    to use for each.

    When it is fine
    ---------------
    One row has its target read, as on a detail page; or the rows point to as many models as
    there are rows, so that a prefetch saves nothing.

    Evidence
    --------
    OBSERVED: the loads were traced back to the rows' own queryset.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows of one evaluation that must load lazily.
    """

    code = "QA107"
    name = "generic-relation-in-loop"
    summary = "A generic relation is loaded once per row."
    order = 45
    kinds = frozenset({AccessKind.GENERIC, AccessKind.GENERIC_COLLECTION})
