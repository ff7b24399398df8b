"""What to write into a class of the admin, for a queryset that Django makes there."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.advice.class_edits import is_class, listed_joins
from queryaudit.detectors.base import Sighting
from queryaudit.detectors.places import admin_field, admin_filter


def is_change_list(head: Sighting) -> bool:
    """Whether Django's admin makes the queryset, for a class of the project."""
    listed = head.loop is not None and head.loop[2] == "for each row of the change list"
    return listed and is_class(head.frame)


def joins_more(head: Sighting, calls: Sequence[str]) -> bool:
    """Whether an edit of its list has to name what Django has joined by itself."""
    known = head.names.described(head.model or "") if head.names is not None else None
    if head.body is None or known is None or not is_change_list(head):
        return False
    return listed_joins(head.body, calls, known) != tuple(calls)


def makes_choices(head: Sighting) -> bool:
    """Whether it makes one for the choices of a field or a filter."""
    return bool(admin_field(head.frame) or admin_filter(head.frame))


def of_admin(head: Sighting, calls: Sequence[str]) -> tuple[str, ...]:
    """The code; nothing where the queryset is none of the admin's."""
    rows = f"{(head.model or '').rpartition('.')[2]}.objects{''.join(calls)}"
    if is_change_list(head):
        known = head.names.described(head.model or "") if head.names is not None else None
        if head.body is not None and known is not None:
            calls = listed_joins(head.body, calls, known)
        return _of_list(calls)
    if field := admin_field(head.frame):
        # The hook for all kinds of fields: whether it is many-to-many is not known here.
        return (
            "def formfield_for_dbfield(self, db_field, request, **kwargs):",
            f'    if db_field.name == "{field}":',
            f'        kwargs["queryset"] = {rows}',
            "    return super().formfield_for_dbfield(db_field, request, **kwargs)",
        )
    if path := admin_filter(head.frame):
        name = "".join(word.capitalize() for word in path.split("_"))
        return (
            f"class {name}Filter(admin.RelatedFieldListFilter):",
            "    def field_choices(self, field, request, model_admin):",
            f"        rows = {rows}",
            "        ordering = self.field_admin_ordering(field, request, model_admin)",
            "        rows = rows.order_by(*ordering) if ordering else rows",
            "        return [(row.pk, str(row)) for row in rows]",
            "",
            f'list_filter = [("{path}", {name}Filter)]',
        )
    return ()


def _of_list(calls: Sequence[str]) -> tuple[str, ...]:
    [call, *others] = calls
    if not others and call.startswith(".select_related("):
        return (f"list_select_related = [{call[len('.select_related(') : -1]}]",)
    return (
        "def get_queryset(self, request):",
        f"    return super().get_queryset(request){''.join(calls)}",
    )
