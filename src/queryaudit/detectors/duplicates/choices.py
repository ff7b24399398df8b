"""Choices of a form's field, which each form of a formset asks for anew."""

from __future__ import annotations

import re

from queryaudit.detectors.duplicates.asked import Repeat
from queryaudit.detectors.places import admin_field
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix

#: What such a finding has for the method that asked.
CHOICES = "choices"
#: A loop over the fields of one form, some of which have equal choices.
_FIELDS = re.compile(r"\.(?:base_)?fields\b|\.(?:visible|hidden)_fields\(")
_ITERATOR = "django.forms.models.__iter__"
#: Three fields of one form may have the same choices; more are forms. Of the admin the field is
#: known: two are the form and the one that is still empty.
_FORMS, _ADMIN_FORMS = 4, 3


def are_choices(repeat: Repeat) -> bool:
    """Whether form after form, rendered at one place, asks for what its field can be."""
    if repeat.again.via != _ITERATOR or repeat.first != repeat.again:
        return False
    loop = next((f.loop_text for f in repeat.again.frames if f.loop_text), None)
    if loop is not None and _FIELDS.search(loop):
        return False
    of_admin = any(admin_field(frame) for frame in repeat.again.frames[:1])
    return repeat.queries + 1 >= (_ADMIN_FORMS if of_admin else _FORMS)


def message(rows: str, again: str) -> str:
    return (
        f"The choices of a field are asked of {rows or 'the database'} by each form anew: {again} "
        "than needed."
    )


def fix(frame: Frame, variable: str) -> Fix:
    """``variable`` stands for the field where its name is not known."""
    field = admin_field(frame)
    return _of_admin(field) if field is not None else _of_formset(variable)


def _of_formset(field: str) -> Fix:
    return Fix(
        title="ask once, for all forms",
        applicability=Applicability.DISPLAY_ONLY,
        code=f'choices = list(formset.empty_form.fields["{field}"].choices)\n'
        "for form in formset.forms:\n"
        f'    form.fields["{field}"].choices = choices',
        note=f"`{field}` stands for the field. Where there are many choices, a text field for the "
        "key or a search asks for none.",
    )


def _of_admin(field: str) -> Fix:
    return Fix(
        title="ask once, for all forms",
        applicability=Applicability.DISPLAY_ONLY,
        code="def formfield_for_dbfield(self, db_field, request, **kwargs):\n"
        "    field = super().formfield_for_dbfield(db_field, request, **kwargs)\n"
        f'    if db_field.name == "{field}":\n'
        "        field.choices = list(field.choices)\n"
        "    return field",
        note=f'Where there are many choices, `autocomplete_fields = ["{field}"]` asks for none, '
        f'nor does `raw_id_fields = ["{field}"]`. Choices that `limit_choices_to` narrows are to '
        "be narrowed here.",
    )
