"""Model classes as rows of a trace, so that it can be judged without its project."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db.models import Model as DjangoModel
from django.db.models import UniqueConstraint, signals

from queryaudit.records.definitions import Column, Model

_SIGNALS = ("pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed")


def models() -> list[type[DjangoModel]]:
    """The models of the project and its libraries; none before the apps are ready."""
    return apps.get_models(include_auto_created=True) if apps.models_ready else []


def model_row(model: type[DjangoModel]) -> Model:
    options = model._meta
    return Model(
        label=options.label,
        table=_bare(options.db_table),
        columns=tuple(_column(field) for field in options.concrete_fields),
        unique=tuple(_unique_sets(options)),
        ordering=tuple(item for item in options.ordering or () if isinstance(item, str)),
        save=_overridden(model, "save"),
        delete=_overridden(model, "delete"),
        signals=tuple(name for name in _SIGNALS if getattr(signals, name).has_listeners(model)),
        parents=tuple(parent._meta.label for parent in options.parents),
        module=model.__module__,
        manager=options.default_manager.name if options.default_manager is not None else "",
        managed=bool(options.managed),
    )


def _bare(table: str) -> str:
    """``invoice`` of ``billing"."invoice``, as a table of another schema is named in ``Meta``: in
    what is known of statements tables have no schema."""
    return table.rpartition('"."')[2].strip('"') if '"."' in table else table


def path_of(model: type[DjangoModel], place: Callable[[str], str | None]) -> str | None:
    """The file that a model was written in, as ``place`` calls those of the project."""
    if model._meta.auto_created:
        return None
    file = getattr(sys.modules.get(model.__module__), "__file__", None)
    return place(file) if isinstance(file, str) else None


def _column(field: Any) -> Column:
    related = field.remote_field.model if field.remote_field is not None else None
    return Column(
        name=field.name,
        attname=field.attname,
        column=field.column or "",
        kind=field.get_internal_type() or type(field).__name__,
        target=getattr(getattr(related, "_meta", None), "label", None),
        unique=bool(field.unique),
        null=bool(field.null),
        primary=bool(field.primary_key),
        indexed=bool(field.db_index or field.unique),
        renewed=bool(getattr(field, "auto_now", False)),
        constrained=bool(getattr(field, "db_constraint", True)),
    )


def _unique_sets(options: Any) -> Iterator[tuple[str, ...]]:
    """Names of fields that are unique together whatever else holds."""
    for names in options.unique_together:
        yield tuple(names)
    for constraint in options.constraints:
        if isinstance(constraint, UniqueConstraint) and constraint.condition is None:
            names = tuple(constraint.fields)
            if names:  # else it is one of expressions
                yield names


def _overridden(model: type[DjangoModel], name: str) -> str | None:
    """Where a method of ``Model`` is overridden, as ``shop.models.Book.save``."""
    method = getattr(model, name)
    if method is getattr(DjangoModel, name):
        return None
    return f"{method.__module__}.{method.__qualname__}"
