"""Choices of a form's field, which each form of a formset asks for anew."""

from __future__ import annotations

from queryaudit.detectors.duplicates.asked import Repeat
from queryaudit.records.findings import Applicability, Fix

#: What such a finding has for the method that asked.
CHOICES = "choices"
_ITERATOR = "django.forms.models.__iter__"
#: Three fields of one form may have the same choices; more are forms.
_FORMS = 4


def are_choices(repeat: Repeat) -> bool:
    """Whether form after form, rendered at one place, asks for what its field can be."""
    asked = repeat.queries + 1
    return repeat.again.via == _ITERATOR and repeat.first == repeat.again and asked >= _FORMS


def message(rows: str, again: str) -> str:
    return (
        f"The choices of a field are asked of {rows or 'the database'} by each form anew: {again} "
        "than needed."
    )


def fix(field: str) -> Fix:
    return Fix(
        title="ask once, for all forms",
        applicability=Applicability.DISPLAY_ONLY,
        code=f'choices = list(formset.empty_form.fields["{field}"].choices)\n'
        "for form in formset.forms:\n"
        f'    form.fields["{field}"].choices = choices',
        note=f"`{field}` stands for the field. Where there are many choices, a text field for the "
        "key or a search asks for none.",
    )
