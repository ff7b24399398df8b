"""The edits that go with a plan: at the queryset, where its rows are used, and of the imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from queryaudit.advice.class_edits import edit_class
from queryaudit.advice.edits import appended, edits_of
from queryaudit.advice.layout import Change
from queryaudit.advice.naming import Named, name_calls
from queryaudit.advice.relations import RelationPlan
from queryaudit.advice.source import Source
from queryaudit.advice.use_edits import UseChange, use_changes
from queryaudit.detectors.base import Sighting
from queryaudit.detectors.n_plus_one.admin_code import makes_choices
from queryaudit.records.findings import Edit


@dataclass(frozen=True, slots=True)
class Written:
    """``edits`` make all of the plan true if they are ``complete``, else a part of it."""

    edits: tuple[Edit, ...]
    complete: bool
    shown: Named  #: the whole plan, as code to show


def write(
    sightings: Sequence[Sighting],
    plan: RelationPlan,
    replan: Callable[[Sequence[Sighting]], RelationPlan],
    *,
    listed: bool,
) -> Written:
    """The edits to what the first of the sightings points to.

    An edit at the queryset alone helps nobody where the rows have to be used otherwise: what can't
    be edited there is left out, and ``replan`` says what remains. ``listed``: it is the admin's.
    """
    head = sightings[0]
    shown = _named(head, plan)
    uses = _uses(sightings, plan.changes, head)
    if uses is not None:
        return Written(_edits(head, _named(head, plan, ordered=True), uses, listed), True, shown)
    rest = unchanged(sightings, plan)
    named = _named(head, replan(rest)) if rest else None
    return Written(_edits(head, named, [], listed) if named is not None else (), False, shown)


def unchanged(sightings: Sequence[Sighting], plan: RelationPlan) -> list[Sighting]:
    """Those whose rows are used as they were."""
    changed = {(change.path, change.method, change.narrowed) for change in plan.changes}
    return [sighting for sighting in sightings if _key(sighting) not in changed]


def _named(head: Sighting, plan: RelationPlan, *, ordered: bool = False) -> Named:
    model = head.model or ""
    known = head.names.described(model) if head.names is not None else None
    calls = plan.calls
    if ordered and known is not None and known.ordering and any("Count(" in c for c in calls):
        # What is grouped has no Meta.ordering.
        order = ", ".join(f'"{name}"' for name in known.ordering)
        calls = (*calls, f".order_by({order})")
    return name_calls(head.frame, calls, plan.imports, plan.models, model, head.names)


def _key(sighting: Sighting) -> tuple[tuple[str, ...], str | None, bool]:
    return tuple(step.name for step in sighting.path), sighting.method, sighting.narrowed


_Parts = list[tuple[Source, list[Change]]]


def _uses(
    sightings: Sequence[Sighting], changes: Sequence[UseChange], head: Sighting
) -> _Parts | None:
    """The changes where rows are used; None if one can't be made.

    A function that is given its rows may be given those of other querysets.
    """
    parts: _Parts = []
    for change in changes:
        uses = [s for s in sightings if _key(s) == (change.path, change.method, change.narrowed)]
        for use in uses:
            here = (use.access.path, use.access.function)
            found = use_changes(use.access, change)
            if found is None or here != (head.frame.path, head.frame.function):
                return None
            parts.append(found)
        if not uses:
            return None
    return parts


def _edits(head: Sighting, named: Named, uses: _Parts, listed: bool) -> tuple[Edit, ...]:
    if not named.calls:
        return ()
    model = head.model or ""
    if head.body is not None:
        known = head.names.described(model) if head.names is not None else None
        if known is None or makes_choices(head):
            return ()
        edit = edit_class(head.body, named.calls, known, listed=listed)
        return (*named.edits, edit) if edit is not None else ()
    found = appended(head.frame, named.calls, model)
    edits = edits_of(head.frame.path, [found, *uses]) if found is not None else None
    return (*named.edits, *edits) if edits else ()
