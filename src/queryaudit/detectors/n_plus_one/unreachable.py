"""Reads by libraries, for which the access itself does not tell what to write."""

from __future__ import annotations

import ast
import re

from queryaudit.advice.source import expression_at, read_source
from queryaudit.detectors.n_plus_one.loads import AGGREGATES, COLLECTIONS, Load
from queryaudit.detectors.places import is_handed
from queryaudit.records.definitions import Access, Frame, Step
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import AccessKind, FrameKind

#: What ``user.has_perm()`` asks with: a filter on Permission, which looks at no prefetched rows.
_PERMISSIONS = "django.contrib.auth.backends._get_permissions"
_PERMISSION = "auth.Permission"

#: Functions of libraries that delete on the project's behalf.
_DELETERS = frozenset(
    {
        "rest_framework.mixins.perform_destroy",
        *(f"django.views.generic.edit.{name}" for name in ("delete", "form_valid")),
        *(f"django.contrib.admin.options.{name}" for name in ("delete_model", "delete_queryset")),
    }
)

#: What puts rows of several querysets together.
_COMBINED = re.compile(r" (?:UNION|INTERSECT|EXCEPT) ")

#: Text that somebody has written: Django's own names each column with its table, in quotes.
_BY_HAND = re.compile(
    r"\s*(?:WITH\b|SELECT\s+(?:DISTINCT\s+)?(?:\*|\w+\s*(?:[.,]|\bFROM\b)))", re.I
)

#: Orders a collection in its own way, but reads what was prefetched as it is.
_SERIALIZERS = "django.core.serializers."

#: Resolve fields, by functions of the project or by themselves.
_GRAPHQL = ("graphene.", "graphene_django.", "graphql.", "strawberry.", "strawberry_django.")

_SERIALIZED = (
    "Django's serializers read what was prefetched, in the order of the prefetch. iterator() "
    "prefetches only with a chunk_size."
)

_COLLECTED = Fix(
    title="read it for all rows before they are deleted",
    applicability=Applicability.DISPLAY_ONLY,
    code="",
    note="Django loads these rows to delete them, and takes no prefetch there: what receivers of "
    "pre_delete and post_delete, or a delete(), ask of each row can be asked once for all of "
    "them, before the deletion or in place of the receivers.",
)


def other_fix(load: Load) -> Fix | None:
    """The fix of a read that no join or prefetch replaces, or only one of the whole relation."""
    access = load.access
    if load.stack.via == _PERMISSIONS and access is not None and access.target == _PERMISSION:
        return _of_permissions(load.site)
    if _is_asked_by_library(load):
        found = _of_library(load)
        if found is not None:
            return found
    if load.source is None:
        return None
    statement, stack = load.source
    if _COMBINED.search(statement.normalised) and access is not None and access.path:
        return _of_combined(access.path)
    if load.origin is not None and load.origin.built is None:
        found = _of_raw(load, access) if access is not None and access.path else None
        if found is not None:
            return found
    if stack.via in _DELETERS or (not stack.via and _deletes(stack.frames[:1])):
        return _COLLECTED
    return None


def _is_asked_by_library(load: Load) -> bool:
    """Whether no code of the project made the queryset that was asked."""
    via, site = load.stack.via, load.site
    if via.startswith(_GRAPHQL):
        return site is not None and site.kind is FrameKind.SERIALIZER
    return via.startswith(_SERIALIZERS) or not is_handed(via)


def _of_combined(path: tuple[Step, ...]) -> Fix | None:
    """A relation of rows of several querysets: one that had more columns could not be combined."""
    if any(step.kind not in (AccessKind.FORWARD, AccessKind.REVERSE_ONE) for step in path):
        return None
    names = "__".join(step.name for step in path)
    return Fix(
        title="join the relation in each of the querysets",
        applicability=Applicability.DISPLAY_ONLY,
        code=f'.select_related("{names}")',
        note="The rows come from several querysets that are combined: all of them need the same "
        "columns, or the first one takes a `prefetch_related()` for all.",
    )


def _of_raw(load: Load, access: Access) -> Fix | None:
    """A relation or a column of rows of a query in SQL, which can't be joined or named by calls."""
    if load.origin is None or access.method is not None or access.narrowed:
        return None
    if _BY_HAND.match(load.tables.sql[load.origin.sql].text) is None:
        return None
    names = "__".join(step.name for step in access.path)
    if access.path[-1].kind is AccessKind.DEFERRED:
        return Fix(
            title="name the column in the query",
            applicability=Applicability.DISPLAY_ONLY,
            code="",
            note=f"Rows of a raw query have the columns that its text names: add `{names}`.",
        )
    return Fix(
        title="prefetch the relation",
        applicability=Applicability.DISPLAY_ONLY,
        code=f'.prefetch_related("{names}")',
        note="A raw query joins no relation to its rows; it takes a `prefetch_related()`.",
    )


def _of_library(load: Load) -> Fix | None:
    """A collection that a library filters or orders: what the project prefetches in another list
    it would not look at."""
    access, origin, via = load.access, load.origin, load.stack.via
    if access is None or origin is None or not (access.narrowed or access.method is not None):
        return None
    if access.path[-1].kind not in COLLECTIONS or access.method in AGGREGATES:
        return None
    names = "__".join(step.name for step in access.path)
    rows = origin.model.rpartition(".")[2]
    known = via.startswith(_SERIALIZERS)
    return Fix(
        title="prefetch the relation",
        applicability=Applicability.UNSAFE if known else Applicability.DISPLAY_ONLY,
        code=f'{rows}.objects.prefetch_related("{names}")',
        note=_SERIALIZED
        if known
        else f"{via}() asks in a way of its own: this helps if it looks "
        "at prefetched rows before. Its documentation may name another way to load them at once.",
    )


def _of_permissions(site: Frame | None) -> Fix:
    name = _permission(site) if site is not None else None
    asked = f'"{name}"' if name and name.isprintable() and not set(name) & set('"\\') else "..."
    return Fix(
        title="ask for all users at once",
        applicability=Applicability.DISPLAY_ONLY,
        code="from django.contrib.auth import get_user_model\n\n"
        "permitted = get_user_model().objects.with_perm(\n"
        f'    {asked}, backend="django.contrib.auth.backends.ModelBackend"\n'
        ")\n"
        'permitted = set(permitted.values_list("pk", flat=True))',
        note="The backend asks for the permissions of each user object by itself, whatever was "
        "prefetched: test `user.pk in permitted` instead. Where all users are one, hand on the "
        "same object, which keeps its permissions. with_perm() is a method of UserManager.",
    )


def _permission(site: Frame) -> str | None:
    """What ``has_perm("shop.add_book")`` asks for, where it is written so."""
    code = expression_at(site)
    call = ast.parse(code, mode="eval").body if code is not None else None
    if not isinstance(call, ast.Call) or _method(call) != "has_perm" or len(call.args) != 1:
        return None
    [argument] = call.args
    value = argument.value if isinstance(argument, ast.Constant) else None
    return value if isinstance(value, str) else None


def _deletes(frames: tuple[Frame, ...]) -> bool:
    """Whether the call that loaded the rows is that of a ``delete()``."""
    source = read_source(frames[0]) if frames else None
    if source is None:
        return False
    calls = [
        (span, node)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and (span := source.span(node)) is not None
    ]
    if source.exact:
        at = [node for span, node in calls if span.end == source.focus.end]
    else:  # the line's outermost call
        inside = [span for span, _ in calls if span.meets(source.focus)]
        at = [
            node
            for span, node in calls
            if span in inside and not any(o != span and o.holds(span) for o in inside)
        ]
    return len(at) == 1 and _method(at[0]).removeprefix("a") == "delete"


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
