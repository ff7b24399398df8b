"""Fixes for the family: from the sightings of one root cause to what to write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from queryaudit.advice.deferred import fitted
from queryaudit.advice.edits import is_of_any_model
from queryaudit.advice.narrowing import narrowing_at
from queryaudit.advice.prefetched import asks_anew, read_otherwise
from queryaudit.advice.raw_loops import advise_loop
from queryaudit.advice.received_keys import OF_A_FIELD, OF_ITEMS, key_field
from queryaudit.advice.relations import RelationPlan, RelationUse, plan_relations
from queryaudit.detectors.base import Sighting
from queryaudit.detectors.n_plus_one.admin_code import is_change_list, joins_more, of_admin
from queryaudit.detectors.n_plus_one.editing import unchanged
from queryaudit.detectors.n_plus_one.editing import write as edited
from queryaudit.detectors.n_plus_one.keys import together
from queryaudit.detectors.n_plus_one.loads import COLLECTIONS
from queryaudit.detectors.n_plus_one.tree_code import of_tree
from queryaudit.records.definitions import Frame, Step
from queryaudit.records.findings import Applicability, Fix
from queryaudit.sql.statement import parse

#: An aggregate groups the rows, and Django leaves Meta.ordering out of grouped queries.
_ORDERING = "Counting groups the rows, which drops the model's Meta.ordering: order explicitly."

_GROUPING = re.compile(r"=(Count|Sum|Avg|Min|Max)\(")

#: The note of a plan that knows the column and not how it was left out.
_EITHER = re.compile(r"^Add (.+) to `\.only\(\.\.\.\)`, or take it out of `\.defer\(\.\.\.\)`\.$")

_NARROWED = (
    "The rows in between are filtered, ordered or sliced by the code: better load the relation on "
    "that queryset."
)

#: Rows in chunks have no peers that a fetch mode could load for.
_ITERATED = re.compile(r"\.a?iterator\(")

_CHANGED = (
    "What is read here is also written in between: rows that are loaded before are as they were "
    "before the first round."
)

_OF_ANY = "The model is chosen at run time: see that each one that comes here has these relations."

_OF_LIST = (
    "Django has joined what the list shows, before 6.1 with all behind it that can't be null: name "
    "what is read of that too."
)

_OF_ALL = "All that use this queryset load it too: where one alone reads so far, put it there."


def fix(sightings: Sequence[Sighting]) -> Fix | None:
    """All of a queryset's relations in one fix; a query in a loop by its own code."""
    head = sightings[0]
    if any(s.rule == "QA108" for s in sightings):
        return of_tree(head)
    lazy = [s for s in sightings if s.path]
    changed = any(s.changed for s in sightings)
    if not lazy:
        if head.fix is not None:
            return head.fix
        asked = head.target or head.owner
        if head.loop is not None and head.loop[2] in (OF_A_FIELD, OF_ITEMS):
            known = head.names.described(asked or "") if head.names is not None else None
            compared = parse(head.statement).compared or ()
            return key_field(head.loop[2], head.frame.function, known, compared)
        statement = parse(head.statement)
        fix = advise_loop(_in_its_loop(head), statement, asked, head.method, arrays=head.arrays)
        return _warned(fix) if changed else fix
    keys = [s.fix for s in lazy if s.fix is not None]
    if len(keys) == len(lazy):
        return together(keys)
    # One without an edit is all that can be said of its read.
    others = list(dict.fromkeys(key for key in keys if not key.edits))
    loaded = _of_relations([s for s in lazy if s.fix not in others], changed)
    if loaded is None or not others:
        return loaded
    return replace(
        together([loaded, *others]),
        title=", ".join(dict.fromkeys((loaded.title, *(other.title for other in others)))),
        # An edit is right for its own relations, and leaves the rest to who reads it.
        applicability=Applicability.UNSAFE if loaded.edits else Applicability.DISPLAY_ONLY,
        code="\n\n".join(dict.fromkeys(fix.code for fix in (loaded, *others))),
    )


def _of_relations(lazy: Sequence[Sighting], changed: bool) -> Fix | None:
    """What loads the relations with the rows."""
    head = lazy[0]
    plan = _plan(lazy)
    if not plan.calls and not plan.loop_changes:
        return None
    narrow = any(s.through_narrowed for s in lazy)
    applicability = plan.applicability
    if narrow:
        applicability = Applicability.DISPLAY_ONLY  # a prefetch of all rows would not be used
    elif changed and applicability is Applicability.SAFE:
        applicability = Applicability.UNSAFE
    elsewhere = head.evaluated is not None and head.frame == head.access
    read = unchanged(lazy, plan)  # the rest will be read otherwise
    asked = {(asks_anew(s.access, s.path[-1]), s.path) for s in read}
    lost = sorted({read_otherwise(code, _spelled(path)) for code, path in asked if code})
    if lost and not narrow:
        applicability = Applicability.DISPLAY_ONLY
    # Of the rows' own queryset only: where that is a test's, the frame is where they were read.
    write = plan.calls and not narrow and not lost and not elsewhere
    written = edited(lazy, plan, _plan, listed=is_change_list(head))
    named, edits = written.shown, written.edits if write else ()
    of_any = bool(edits) and is_of_any_model(head.frame, head.model or "")
    if of_any and applicability is Applicability.SAFE:
        applicability = Applicability.UNSAFE
    of_all = bool(edits) and _is_for_one_of_many(head)
    if of_all and applicability is Applicability.SAFE:
        applicability = Applicability.UNSAFE
    of_list = bool(edits) and joins_more(head, plan.calls)
    if of_list and applicability is Applicability.SAFE:
        applicability = Applicability.UNSAFE
    if not written.complete:
        # An edit of the queryset alone leaves the rest to who reads it.
        applicability = Applicability.UNSAFE if edits else Applicability.DISPLAY_ONLY
    if write and not edits and applicability is Applicability.SAFE and not is_change_list(head):
        applicability = Applicability.DISPLAY_ONLY  # where it goes is left to who reads it
    if write and named.calls is None:
        applicability = Applicability.DISPLAY_ONLY  # a model that it names is to be imported
    return Fix(
        title=_title(plan),
        applicability=applicability,
        code="\n".join((*named.imports, *_code(head, plan, named.shown))),
        edits=edits,
        note="\n".join(
            filter(
                None,
                (
                    _note(plan, head.frame, () if edits and written.complete else named.imports),
                    *lost,
                    _NARROWED if narrow else "",
                    _CHANGED if changed else "",
                    _OF_ANY if of_any else "",
                    _OF_ALL if of_all else "",
                    _OF_LIST if of_list else "",
                ),
            )
        ),
    )


def _spelled(path: Sequence[Step]) -> str:
    return "__".join(step.name for step in path)


def _is_for_one_of_many(head: Sighting) -> bool:
    """Whether one method reads the rows of rows of what a ``get_queryset()`` gives to all."""
    asked = head.evaluated
    if asked is None or head.frame.function.rpartition(".")[2] != "get_queryset":
        return False
    if asked.kind is not head.frame.kind or asked.function == head.frame.function:
        return False
    return any(step.kind in COLLECTIONS for step in head.path[:-1])


def _in_its_loop(head: Sighting) -> Frame:
    """The frame without a loop of its own if another one is what repeats."""
    loop = head.loop
    if loop is None or (loop[0], loop[1]) == (head.frame.path, head.frame.loop_line):
        return head.frame
    return head.frame._replace(loop_line=None, loop_text=None)


def _warned(fix: Fix) -> Fix:
    return replace(fix, note=f"{fix.note}\n{_CHANGED}".strip())


def _plan(sightings: Sequence[Sighting]) -> RelationPlan:
    """Plain lookups where they do: a query more than with Prefetch objects, but one line to
    replace and nothing to import."""
    head = sightings[0]
    uses = [_use(sighting) for sighting in sightings]
    plain = plan_relations(uses, head.model, objects=False)
    if plain.applicability is Applicability.SAFE:
        return plain
    models = {m for s in sightings if s.names is not None for m in s.names.models}
    return plan_relations(uses, head.model, models=sorted(models, key=lambda m: m.label))


def _use(sighting: Sighting) -> RelationUse:
    return RelationUse(
        path=sighting.path,
        method=sighting.method,
        narrowed=sighting.narrowed,
        narrowing=narrowing_at(
            sighting.access, sighting.path[-1], indexed=sighting.method == "getitem"
        )
        if sighting.narrowed or sighting.method == "aggregate"
        else None,
        prefetched=sighting.prefetched,
        owner=sighting.owner,
        target=sighting.target,
    )


def _title(plan: RelationPlan) -> str:
    verbs = {
        "select_related": "join the relation",
        "prefetch_related": "prefetch the relation",
        "annotate": "let the database count",
        "only": "load the column with the row",
        "defer": "load the column with the row",
    }
    titles = [verbs[name] for name in verbs if any(c.startswith(f".{name}(") for c in plan.calls)]
    return ", ".join(dict.fromkeys(titles)) or "load it with the rows"


def _code(head: Sighting, plan: RelationPlan, calls: Sequence[str]) -> tuple[str, ...]:
    written = of_admin(head, calls) if calls else ()
    if written:
        return written
    rows = (head.model or "").rpartition(".")[2]
    code = fitted(head.frame, "".join(calls))
    return (f"{rows}.objects{code or '.all()'}",) if calls else plan.loop_changes


def _note(plan: RelationPlan, frame: Frame, imports: Sequence[str]) -> str:
    lines = [*plan.loop_changes, *plan.notes, *(f"Needs `{line}`." for line in imports)]
    if fitted(frame, plan.code) != plan.code:
        lines = [_EITHER.sub(r"Take \1 out of `.defer(...)`.", line) for line in lines]
    if any(call.startswith(".annotate(") and _GROUPING.search(call) for call in plan.calls):
        lines.append(_ORDERING)
    if plan.fetch_mode_hint and not _ITERATED.search(_lines(frame)):
        lines.append(plan.fetch_mode_hint)
    return "\n".join(lines)


def _lines(frame: Frame) -> str:
    """The source of the call itself."""
    first = frame.line - (frame.snippet_line or 0)
    return "\n".join(frame.snippet[first : first + 1 + (frame.end_line or frame.line) - frame.line])
