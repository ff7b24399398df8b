"""How many of a queryset's rows are different ones, where a join may give one of them twice.

Statements of which no row can come twice are told by their text, once each, and by the joins of the
first queryset that ran them; of these nothing is counted.
"""

from __future__ import annotations

from typing import Any

from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesIterable


def may_copy(sql: str) -> bool:
    """Whether a statement joins, and nothing in it takes copies out or wants them."""
    return (
        " JOIN " in sql
        and sql.startswith("SELECT ")
        and not sql.startswith("SELECT DISTINCT ")
        and " GROUP BY " not in sql
        and "_prefetch_related_val" not in sql
    )


def different(queryset: Any, rows: list[Any]) -> int | None:
    """How many rows differ by their key; None if that can't be told, or they all do for certain."""
    joins = getattr(getattr(queryset, "query", None), "alias_map", None)
    if not joins or not _multiplies(queryset, joins):
        return None
    key = queryset.model._meta.pk
    kind = queryset._iterable_class
    name = key.attname if kind is ModelIterable else _selected_key(queryset.query, key)
    try:
        if kind is ModelIterable:
            keys = {row.__dict__.get(name) for row in rows}
        elif name is not None and kind is ValuesIterable:
            keys = {row.get(name) for row in rows}
        elif name is not None and kind is FlatValuesListIterable:
            keys = set(rows)
        else:
            return None
    except TypeError:  # unhashable
        return None
    return None if None in keys else len(keys)


def _multiplies(queryset: Any, joins: dict[str, Any]) -> bool:
    # What an order joins has no count of references once the statement is made.
    fields: list[Any] = [getattr(join, "join_field", None) for join in joins.values()]
    many = [field.related_model for field in fields if getattr(field, "multiple", False)]
    instance = queryset._hints.get("instance")
    if len(many) != 1 or instance is None or queryset._known_related_objects:
        return bool(many)
    # The manager of a many-to-many relation joins to what leads to its one row.
    kinds = type(instance).__mro__
    return all(field.related_model not in kinds for field in many[0]._meta.concrete_fields)


def _selected_key(query: Any, key: Any) -> str | None:
    """The name by which plain values have the key."""
    names = ("pk", key.name, key.attname)
    return next((name for name in query.values_select if name in names), None)
