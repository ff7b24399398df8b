"""Keys that came with a request, looked up one by one by a serializer's field."""

from __future__ import annotations

from queryaudit.advice.loops import plural
from queryaudit.advice.relation_tree import variable
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Applicability, Fix

#: What is gone through, in words, where no project's source has the loop.
OF_A_FIELD = "for each key of the field"
OF_ITEMS = "for each item of the validated list"

_OF_A_FIELD = '''\
class {cls}(serializers.ManyRelatedField):
    """Looks all keys up with one query."""

    def to_internal_value(self, data):
        rows = self.child_relation.get_queryset()
        keys = [str(key) for key in data] if isinstance(data, list) else []
        try:
            found = {{str(row.{key}): row for row in rows.filter({key}__in=keys)}}
        except (TypeError, ValueError, ValidationError):
            found = {{}}
        if not keys or not found.keys() >= set(keys):
            return super().to_internal_value(data)  # which says what is wrong
        return [found[key] for key in keys]


{field} = {cls}(child_relation={child})'''

_OF_ITEMS = '''\
class {cls}({base}):
    """Looks the keys of all items up with one query."""

    def to_internal_value(self, data):
        if not hasattr(self.root, "_{rows}"):
            items = [item for item in self.root.initial_data if isinstance(item, dict)]
            keys = [item.get(self.field_name) for item in items]
            try:
                rows = list(self.get_queryset().filter({key}__in=keys))
            except (TypeError, ValueError, ValidationError):
                rows = []
            self.root._{rows} = {{str(row.{key}): row for row in rows}}
        return self.root._{rows}.get(str(data)) or super().to_internal_value(data)


{field} = {cls}({arguments})'''


def key_field(loop: str, place: str, model: Model | None, compared: tuple[str, ...]) -> Fix:
    """The field that asks once. ``place``: the serializer and its field, as ``Basket.tags``;
    ``compared``: the columns by which the rows are looked up."""
    field = place.rpartition(".")[2]
    column = None
    if model is not None and len(compared) == 1:
        column = next((c for c in model.columns if c.column == compared[0]), None)
    title = "look all keys up with one query"
    if model is None or column is None:
        return Fix(
            title=title,
            applicability=Applicability.DISPLAY_ONLY,
            code="",
            note="Give the field a `to_internal_value()` that finds the rows of all keys with one "
            "`filter(...__in=keys)`.",
        )
    name = model.label.rpartition(".")[2]
    key = "pk" if column.primary else column.name
    base = "serializers.PrimaryKeyRelatedField"
    arguments = f"queryset={name}.objects.all()"
    if not column.primary:
        base = "serializers.SlugRelatedField"
        arguments = f'slug_field="{key}", {arguments}'
    return Fix(
        title=title,
        applicability=Applicability.DISPLAY_ONLY,
        code=_IMPORTS
        + (_OF_A_FIELD if loop == OF_A_FIELD else _OF_ITEMS).format(
            cls=f"{name}{'s' if loop == OF_A_FIELD else ''}Field",
            key=key,
            field=field,
            rows=plural(variable(name)),
            base=base,
            arguments=arguments,
            child=f"{base}({arguments})",
        ),
        note="",
    )


_IMPORTS = """\
from django.core.exceptions import ValidationError
from rest_framework import serializers


"""
