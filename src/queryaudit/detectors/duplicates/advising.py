"""Words and fixes of the family: where the answer was had first, and how to keep it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from queryaudit.advice.loops import names_in, plural, read_loop
from queryaudit.advice.relation_tree import variable as variable_of
from queryaudit.advice.source import expression_at
from queryaudit.detectors.base import Sighting
from queryaudit.detectors.duplicates import choices
from queryaudit.detectors.duplicates.answers import Answer, Names, answer_at
from queryaudit.detectors.duplicates.naming import named
from queryaudit.detectors.duplicates.places import varying
from queryaudit.detectors.duplicates.questions import question_in_template
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
    if head.fix is not None:
        return head.fix
    if head.loop is not None:
        return _hoisted(head)
    if first.kind is FrameKind.TEMPLATE and first.path == head.frame.path:
        return _with_block(head, first)
    if first.kind is FrameKind.TEMPLATE:
        return _before_template(head, first)
    answer = answer_at(first, variable(head))
    what = f"`{answer.name}`" if answer.code is not None else f"what line {first.line} finds"
    is_class, handed = _line(head.frame).startswith("class "), "super()." in _line(head.frame)
    if (first.path, first.function) == (head.frame.path, head.frame.function) and not handed:
        changed = _changed_between(first, head.frame, answer)
        note = f"Use {what} in line {head.frame.line} too"
        note += f" where `{changed}` has not changed." if changed else "."
    elif is_class or handed:
        what = what if answer.code is not None else f"what {named(first)} finds"
        asks = f"`{head.frame.function}`" if is_class else f"line {head.frame.line}"
        note = (
            f"A library asks again for {asks}: keep {what} on `self`, and let the method that the "
            "library calls for it give that."
        )
    else:
        what = what if answer.code is not None else f"what {named(first)} finds"
        note = f"Hand {what} on to {named(head.frame)} instead of asking there again."
    if head.path and head.path[-1].kind in _MANY:
        note += " Related managers keep no rows: `.all()` asks each time, a list or a prefetch does"
        note += " not."
    return Fix(
        title="keep the answer and hand it on",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"# {first.path}:{first.line}\n{_assigned(answer)}" if answer.code else "",
        note=note,
    )


def _line(frame: Frame) -> str:
    """The line of source that a frame stands on."""
    index = frame.line - (frame.snippet_line or frame.line)
    return frame.snippet[index].strip() if 0 <= index < len(frame.snippet) else ""


def _changed_between(first: Frame, again: Frame, answer: Answer) -> str | None:
    """A variable of the question that gets a value between its two places, if only now and then."""
    names = names_in(_parsed(answer.code)) if answer.code is not None else ()
    shown = {
        (frame.snippet_line or 0) + index: line
        for frame in (first, again)
        for index, line in enumerate(frame.snippet)
    }
    between = [line for number, line in shown.items() if first.line < number < again.line]
    given = (name for name in sorted(names) for line in between if _is_given(line, name))
    return next(given, None)


def _is_given(line: str, name: str) -> bool:
    return re.match(rf"\s+{re.escape(name)}\s*=[^=]", line) is not None


def _before_template(head: Sighting, first: Frame) -> Fix:
    """What a template finds it can hand to nobody."""
    if head.frame.kind is FrameKind.TEMPLATE:
        answer = Answer(variable(head).many, None)
        where = f"Ask before {named(first)} and {named(head.frame)} are rendered"
    else:
        answer = answer_at(head.frame, variable(head))
        where = f"Ask before {named(first)} is rendered"
    code = f"# {head.frame.path}:{head.frame.line}\n{_assigned(answer)}" if answer.code else ""
    return Fix(
        title="ask before the template, and hand the answer to it",
        applicability=Applicability.DISPLAY_ONLY,
        code=code,
        note=f"{where}, and put the answer, rows as a list, into the context.",
    )


def _with_block(head: Sighting, first: Frame) -> Fix:
    """Two tags of one template."""
    name = variable(head).one
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
    if asked is not None and not _loads_row(asked):
        return Fix(
            title="hand the row on, not its key",
            applicability=Applicability.DISPLAY_ONLY,
            code="",
            note=f"`{asked}` loads the row that is in `{name}`: let it take the row.",
        )
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


#: What gives one row where it is written.
_LOADING = frozenset({"get", "first", "last", "earliest", "latest", "get_object_or_404"})


def _loads_row(asked: str) -> bool:
    """Whether an expression is the question itself, and not a call of something that asks."""
    node = _parsed(asked)
    node = node.value if isinstance(node, ast.Await) else node
    if not isinstance(node, ast.Call):
        return True
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    return name in _LOADING or name.removeprefix("a") in _LOADING


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
    frame = head.frame
    loop = head.loop[2] if head.loop is not None else ""
    here = head.loop is not None and (frame.path, frame.loop_line) == head.loop[:2]
    answer = answer_at(frame, variable(head), loop) if here else None
    if answer is not None and (
        answer.code is None or varying(frame) & names_in(_parsed(answer.code))
    ):
        answer = None  # what the loop's own variables say is not there before it
    code, note = "", ""
    if answer is not None:
        lines = [_assigned(answer), f"{loop}:", f"    ...  # use {answer.name}"]
        code = "\n".join(line for line in lines if line != f"{loop}:" or _is_python(loop))
    elif here:
        note = "Keep the answer of the first round for those that follow."
    else:
        note = (
            f"The question stands in {named(frame)}, which the loop calls: ask it before the loop, "
            "and hand the answer to it."
        )
    return Fix(
        title="ask once, before the loop",
        applicability=Applicability.DISPLAY_ONLY,
        code=code,
        note=note,
    )


def _assigned(answer: Answer) -> str:
    if ".execute(" in (answer.code or ""):
        return f"{answer.code}\n{answer.name} = cursor.fetchall()"
    return f"{answer.name} = {answer.code}"


def _is_python(loop: str) -> bool:
    try:
        ast.parse(f"{loop}:\n pass")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def variable(head: Sighting) -> Names:
    row = variable_of(_rows(head)) if _rows(head) else ""
    if head.method in ("count", "exists"):
        return Names(f"{row}_{head.method}", "rows")
    if head.path:
        step = head.path[-1]
        return Names(step.name if step.kind in _ONE else "answer", step.name)
    return Names(row or "answer", plural(row) if row else "rows")


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
