"""Which relation a related manager's queryset follows, and what it asks besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from queryaudit.records.kinds import AccessKind

if TYPE_CHECKING:
    from django.db.models import Model


def relation_of(instance: Any, queryset: Any) -> tuple[str, AccessKind, int, str] | None:
    """Accessor name, kind, number of the manager's own conditions, and prefetch cache name."""
    known = queryset._known_related_objects
    for field, objects in known.items():
        remote = field.remote_field
        if any(found is instance for found in objects.values()):
            name = remote.get_accessor_name()
            # cache_name is a property since Django 5.1 and a method before.
            return (name, AccessKind.COLLECTION, 1, name) if name else None
    options = instance._meta
    tables = {getattr(join, "table_name", None) for join in queryset.query.alias_map.values()}
    for field in options.many_to_many:
        if field.remote_field.through._meta.db_table in tables and _same(
            field.remote_field.model, queryset.model
        ):
            if _is_backward(field, queryset.query):
                continue
            return field.name, AccessKind.MANY, 1, field.name
    # Counting a many-to-many relation asks the table between, not the related one.
    between = _between(options, queryset.model, queryset.query)
    if between is not None:
        return between
    for relation in options.related_objects:
        if (
            relation.many_to_many
            and relation.through._meta.db_table in tables
            and _same(relation.related_model, queryset.model)
        ):
            name = relation.get_accessor_name()
            return name, AccessKind.MANY, 1, relation.field.related_query_name()
    for field in options.private_fields:
        if getattr(field, "content_type_field_name", None) and _same(
            field.remote_field.model, queryset.model
        ):
            return field.name, AccessKind.GENERIC_COLLECTION, 2, field.name
    return None


def _is_backward(field: Any, query: Any) -> bool:
    """Whether a relation of a model to itself is followed from its far side."""
    if field.remote_field.symmetrical or not _same(field.model, field.remote_field.model):
        return False
    names = {
        getattr(getattr(leaf.lhs, "target", None), "name", None) for leaf in _leaves(query.where)
    }
    return field.m2m_reverse_field_name() in names and field.m2m_field_name() not in names


def _leaves(where: Any) -> Iterator[Any]:
    for child in where.children:
        if hasattr(child, "children"):
            yield from _leaves(child)
        elif hasattr(child, "lhs"):
            yield child


def _between(
    options: Any, through: type[Model], query: Any
) -> tuple[str, AccessKind, int, str] | None:
    for field in options.many_to_many:
        if field.remote_field.through is through and not _is_backward(field, query):
            return field.name, AccessKind.MANY, 1, field.name
    for relation in options.related_objects:
        if relation.many_to_many and relation.through is through:
            name = relation.get_accessor_name()
            return name, AccessKind.MANY, 1, relation.field.related_query_name()
    return None


def _same(one: type[Model], other: type[Model]) -> bool:
    return one._meta.concrete_model is other._meta.concrete_model


def is_narrowed(queryset: Any, conditions: int) -> bool:
    """Whether more was asked than the related manager's own condition."""
    query = queryset.query
    if query.is_sliced or query.order_by or query.extra_order_by or query.distinct:
        return True
    children = _flat(query.where)
    if children <= conditions:
        return False
    return children > conditions + _manager_conditions(queryset.model)


def _flat(where: Any) -> int:
    """Number of leaf conditions."""
    children = getattr(where, "children", None)
    return 1 if children is None else sum(_flat(child) for child in children)


def _manager_conditions(model: type[Model]) -> int:
    """How many conditions the model's default manager brings by itself."""
    from django.db.models import Manager

    manager = model._default_manager
    if type(manager).get_queryset is Manager.get_queryset:
        return 0
    return _flat(manager.get_queryset().query.where)
