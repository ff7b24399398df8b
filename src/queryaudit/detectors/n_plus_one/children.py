"""Rows that a library has loaded by a query for each kind, for a queryset of their parent's model.

django-polymorphic asks for the rows of a queryset, and then for those of each child's model. What
the code has written is the parent's queryset: there a join or a prefetch belongs, if it is a
relation of the parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from queryaudit.detectors.n_plus_one.changes import ForeignKeys
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.records.definitions import Model, Stack
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import AccessKind


def of_parents(loads: Sequence[Load]) -> list[Load]:
    """The reads as those of the parents' rows, or with the parent for which they can't be."""
    asked: dict[tuple[object, ...], list[Load]] = {}
    for load in loads:
        if load.stack.via and not load.lazy and load.access is not None:
            asked.setdefault(_call(load.stack), []).append(load)
    return [_of_parent(load, loads, asked) if asked else load for load in loads]


def _call(stack: Stack) -> tuple[object, ...]:
    """The call of a library: its functions have asked one after the other."""
    module = stack.via.rpartition(".")[0]
    return (module, *((frame.path, frame.line, frame.column) for frame in stack.frames))


def _of_parent(
    load: Load, loads: Sequence[Load], asked: Mapping[tuple[object, ...], list[Load]]
) -> Load:
    origin, source, access = load.origin, load.source, load.access
    if origin is None or source is None or access is None or not source[1].via:
        return load
    models = load.tables.models
    child = models.get(origin.model)
    if child is None or not child.parents:
        return load
    for parent in asked.get(_call(source[1]), ()):
        label = parent.access.target if parent.access is not None else None
        if label is None or label not in child.parents:
            continue
        first = next((o for o in loads if _is_first(o, load)), None)
        if first is None or not _is_told(first):
            return load
        if not _belongs_to(first, models[label], models):
            return replace(load, parent=label)
        known = load.tables.origins_at(parent.sql, parent.stack.id)
        built = known[0].built if known else None
        origin = origin._replace(model=label, sql=parent.sql, stack=parent.stack.id, built=built)
        return replace(load, origin=origin, source=(parent.statement, parent.stack))
    return load


def _is_first(other: Load, load: Load) -> bool:
    """Whether it is the first step on the way of ``load``."""
    access = other.access
    if access is None or load.access is None or access.origin != load.access.origin:
        return False
    return len(access.path) == 1 and access.path == load.access.path[:1]


def _is_told(load: Load) -> bool:
    """Whether the columns say whose relation it is; those of generic ones refer to any model."""
    kind = load.access.path[0].kind if load.access is not None else None
    return kind in (
        *(AccessKind.FORWARD, AccessKind.REVERSE_ONE),
        *(AccessKind.COLLECTION, AccessKind.MANY),
    )


def _belongs_to(load: Load, parent: Model, models: Mapping[str, Model]) -> bool:
    """Whether a relation is the parent's, and not only that of its child."""
    if load.access is None:
        return False
    step = load.access.path[0]
    if step.kind is AccessKind.FORWARD:
        return any(column.name == step.name for column in parent.columns)
    named = {parent.label, *parent.parents} & models.keys()
    return bool(ForeignKeys(models).parents(load.statement) & {models[n].table for n in named})


def of_child(load: Load) -> Fix | None:
    """What to do about a relation that only the child has."""
    access = load.access
    if load.parent is None or load.origin is None or access is None or not access.path:
        return None
    child, parent = load.origin.model.rpartition(".")[2], load.parent.rpartition(".")[2]
    path = "__".join(step.name for step in access.path)
    return Fix(
        title="prefetch the relation for the rows that have it",
        applicability=Applicability.DISPLAY_ONLY,
        code="from django.db.models import prefetch_related_objects\n\n"
        f'prefetch_related_objects([row for row in rows if isinstance(row, {child})], "{path}")',
        note=f"The queryset is one of {parent}, which has no `{access.path[0].name}` that could be "
        "joined. The rows must be in a list.",
    )
