"""Words and fixes of the family: where the answer was had first, and how to keep it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from queryaudit.advice.loops import names_in, read_loop
from queryaudit.advice.relation_tree import variable as variable_of
from queryaudit.advice.source import expression_at
from queryaudit.detectors.base import Sighting
from queryaudit.detectors.duplicates import choices
from queryaudit.detectors.duplicates.naming import named
from queryaudit.detectors.duplicates.places import varying
from queryaudit.detectors.duplicates.questions import question_at, question_in_template
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import AccessKind, FrameKind

_ONE = (AccessKind.FORWARD, AccessKind.REVERSE_ONE)
_MANY = (AccessKind.COLLECTION, AccessKind.MANY, AccessKind.GENERIC_COLLECTION)


def is_same_place(one: Frame, other: Frame) -> bool:
    return _place(one) == _place(other)


def description(first: Frame, again: Frame, loop: Frame | None) -> str:
    if loop is not None:
        return f"the same in each round of `{loop.loop_text}`"
    if is_same_place(first, again):
        return "called again"
    return f"asked first in {named(first)}"


def message(sightings: Sequence[Sighting]) -> str:
    head = sightings[0]
    times = sum(s.queries for s in sightings)
    what = f"{_relation(head)} of the same row" if head.path else _table(head)
    again = "once more" if times == 1 else f"{times} times more"
    if head.method == choices.CHOICES:
        return choices.message(_rows(head), again)
    first = head.evaluated or head.frame
    if head.loop is None and is_same_place(first, head.frame):
        return f"{named(head.frame)} asks {again} for {what}, and nothing has changed."
    what = what[0].upper() + what[1:] if what.startswith("the ") else what
    if head.loop is not None:
        return (
            f"{what} is asked for in each round of `{head.loop[2]}`, always the same: {again}"
            " than needed."
        )
    return (
        f"{what} is asked for {again} although {named(first)} has the answer,"
        " and nothing has changed."
    )


def fix(sightings: Sequence[Sighting]) -> Fix:
    """``Sighting.fix`` is of one place that is reached more than once."""
    head = sightings[0]
    first = head.evaluated or head.frame
    if head.method == choices.CHOICES:
        return choices.fix(head.frame, variable_of(_rows(head)))
    if head.path and (head.path[-1].kind in _ONE or _is_of_each_round(head)):
        return _joined(head)
    if head.loop is not None:
        return _hoisted(head)
    if head.fix is not None:
        return head.fix
    if first.kind is FrameKind.TEMPLATE and first.path == head.frame.path:
        return _with_block(head, first)
    name, asked = variable(head), _answering(first)
    if asked is not None and asked.isidentifier():
        name, asked = asked, f"list({asked})"  # a queryset that a loop goes over
    code = f"# {first.path}:{first.line}\n{_assigned(name, asked, head)}"
    note = (
        f"Use `{name}` in line {head.frame.line} too."
        if (first.path, first.function) == (head.frame.path, head.frame.function)
        else f"Hand `{name}` on to {named(head.frame)} instead of asking there again."
    )
    if head.path:
        note += (
            " Related managers keep no rows: `.all()` asks each time, a list or a prefetch does"
            " not."
            if head.path[-1].kind in _MANY
            else ""
        )
    return Fix(
        title="keep the answer and hand it on",
        applicability=Applicability.DISPLAY_ONLY,
        code=code,
        note=note,
    )


def _with_block(head: Sighting, first: Frame) -> Fix:
    """Two tags of one template."""
    name = variable(head)
    asked = question_in_template(first) or "..."
    return Fix(
        title="keep the answer in a variable",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"{{% with {name}={asked} %}}\n    ...\n{{% endwith %}}",
        note=f"Put it around lines {first.line} to {head.frame.line}, and use `{name}` in both.",
    )


def held_fix(head: Sighting, *, near: bool) -> Fix:
    """The row itself instead of its key; ``near``: it is a variable of the function that asks."""
    name = head.note
    if head.path:
        relation = head.path[-1].name
        return Fix(
            title="use the row that is there",
            applicability=Applicability.DISPLAY_ONLY,
            code=f"{name}  # is .{relation}",
            note=f"Rows that come from a related manager of `{name}` know it. To others, give it "
            f'by `.{relation} = {name}`, or by `.select_related("{relation}")` in their queryset.',
        )
    asked = expression_at(head.frame)
    code = f"{name}  # instead of {asked}" if asked else name
    return Fix(
        title="use the row that is there" if near else "hand the row on, not its key",
        applicability=Applicability.DISPLAY_ONLY,
        code=code,
        note=""
        if near
        else f"Give {named(head.frame)} the row that {head.owner}() has in `{name}`. Where others "
        "call it with a key alone, let them load the row.",
    )


def _answering(first: Frame) -> str | None:
    """The question as it is written; what is called with whatever came answers another one."""
    asked = expression_at(first)
    if asked is None or asked.isidentifier():
        return asked
    asked = question_at(first)
    call = _parsed(asked) if asked is not None else None
    given = call.args if isinstance(call, ast.Call) else []
    return None if any(isinstance(argument, ast.Starred) for argument in given) else asked


def _is_of_each_round(head: Sighting) -> bool:
    """Whether a collection is that of the round's own object: one row is there as several."""
    if head.loop is None or head.path[-1].kind not in _MANY or head.narrowed or head.method:
        return False
    if (head.frame.path, head.frame.loop_line) != head.loop[:2]:
        return len(head.path) > 1
    loop, asked = read_loop(head.loop[2]), expression_at(head.frame)
    return loop is not None and asked is not None and loop.changes(_parsed(asked))


def _parsed(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


def _joined(head: Sighting) -> Fix:
    """One row that was loaded as two objects, each of which looks for its relation."""
    path = "__".join(step.name for step in head.path)
    owner = (head.owner or "").rpartition(".")[2]
    joins = all(step.kind in _ONE for step in head.path)
    method = "select_related" if joins else "prefetch_related"
    return Fix(
        title="load the relation with the row",
        applicability=Applicability.DISPLAY_ONLY,
        code=f'.{method}("{path}")  # where these objects come from',
        note=f"One row of {owner} is there as several objects, and each asks by itself. Better "
        "still, hand one object on."
        if head.path[-1].kind in _ONE
        else "Rows that were prefetched are there in each round. If it is one object in all of "
        "them, a list before the loop does as well.",
    )


def _hoisted(head: Sighting) -> Fix:
    name = variable(head)
    frame = head.frame
    here = head.loop is not None and (frame.path, frame.loop_line) == head.loop[:2]
    asked = question_at(frame) if here else None
    if asked is not None and varying(frame) & names_in(_parsed(asked)):
        asked = None  # what the loop's own variables say is not there before it
    lines = [
        _assigned(name, asked, head),
        f"{head.loop[2]}:" if head.loop is not None and _is_python(head.loop[2]) else "",
        f"    ...  # use {name}",
    ]
    return Fix(
        title="ask once, before the loop",
        applicability=Applicability.DISPLAY_ONLY,
        code="\n".join(line for line in lines if line),
        note=""
        if here
        else f"The question stands in {named(frame)}, which the loop calls: hand `{name}` to it.",
    )


def _assigned(name: str, asked: str | None, head: Sighting) -> str:
    """The answer in a variable; rows as a list, which keeps them."""
    if asked is None:
        return f"{name} = ..."
    if ".execute(" in asked:
        return f"{asked}\n{name} = cursor.fetchall()"
    many = bool(head.path) and head.path[-1].kind in _MANY and head.method is None
    return f"{name} = list({asked})" if many and asked.endswith(".all()") else f"{name} = {asked}"


def _is_python(loop: str) -> bool:
    try:
        ast.parse(f"{loop}:\n pass")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def variable(head: Sighting) -> str:
    row = variable_of(_rows(head)) if _rows(head) else ""
    if head.method in ("count", "exists"):
        return f"{row}_{head.method}"
    taken = head.loop[2] if head.loop is not None else ""
    name = head.path[-1].name if head.path else row
    return name if name and not re.search(rf"\b{name}\b", taken) else "answer"


def _rows(head: Sighting) -> str:
    return (head.target or "").rpartition(".")[2]


def _table(head: Sighting) -> str:
    name = _rows(head)
    what = f"{head.method}() of {name}" if head.method in ("count", "exists") and name else name
    return what or "the same question"


def _relation(head: Sighting) -> str:
    owner = (head.owner or "").rpartition(".")[2]
    return f"{owner}.{head.path[-1].name}"


def _place(frame: Frame) -> tuple[str, int, int | None]:
    return frame.path, frame.line, frame.column
