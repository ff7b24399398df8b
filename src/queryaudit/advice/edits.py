"""Calls written into the source at the place that built a queryset.

Everything that is not understood for certain gives no edit: a fix can still be shown, but not
applied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from queryaudit.advice.arguments import MergeError
from queryaudit.advice.layout import Change, apply_changes
from queryaudit.advice.location import Candidate, locate
from queryaudit.advice.merging import Place, merge_calls
from queryaudit.advice.source import Source, parses, read_source
from queryaudit.advice.use_edits import together
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Edit

#: What classes are called that no model belongs to.
_FOR_OTHERS = re.compile(r"Mixin|Base|Abstract|Generic")


def append_calls(frame: Frame, calls: Sequence[str], model: str) -> Edit | None:
    """The edit that adds ``calls`` to the queryset of ``model`` that the frame points to.

    ``.only(..., "column")`` adds to an existing ``only`` or takes from ``defer``. None if the
    queryset can't be told for certain, or if there is nothing to change. Never raises.
    """
    found = appended(frame, calls, model)
    edits = edits_of(frame.path, [found]) if found is not None else None
    return edits[0] if edits else None


def appended(frame: Frame, calls: Sequence[str], model: str) -> tuple[Source, list[Change]] | None:
    """The same as changes of the frame's source."""
    source = read_source(frame) if calls else None
    found = locate(source, model.rpartition(".")[2]) if source is not None else None
    if source is None or found is None:
        return None
    try:
        return source, merge_calls(source, _place(found), calls)
    except MergeError:
        return None


def edits_of(path: str, parts: Sequence[tuple[Source, list[Change]]]) -> tuple[Edit, ...] | None:
    """The edits that make all changes to one file; None if one of them can't be made."""
    edits: list[Edit] = []
    for source, changes in together(parts):
        text = apply_changes(source.text, changes)
        if text is None or text == source.text or not parses(text):
            return None
        edit = edit_of(path, source, text)
        if edit is None:
            return None
        edits.append(edit)
    return tuple(edits)


def is_of_any_model(frame: Frame, model: str) -> bool:
    """Whether the queryset that the frame points to is of a model that is chosen at run time."""
    source = read_source(frame)
    found = locate(source, model.rpartition(".")[2]) if source is not None else None
    return found is not None and (found.is_of_any_model or _is_of_mixin(found, frame.function))


def _is_of_mixin(found: Candidate, function: str) -> bool:
    """Whether ``super()`` stands in a class for others to inherit from, by what it is called."""
    owner = function.rpartition(".")[0].rpartition(".")[2]
    return found.chain.root_name == "super" and _FOR_OTHERS.search(owner) is not None


def _place(found: Candidate) -> Place:
    if found.queryset is not None:
        return Place.of(found.queryset)
    return Place(found.span.end, (), None, before=".objects")


def edit_of(path: str, source: Source, text: bytes) -> Edit | None:
    """The change from the source's text to another."""
    old = source.text.decode().split("\n")[:-1]
    new = text.decode().split("\n")[:-1]
    return edit_between(path, source.first_line, old, new)


def edit_between(path: str, first_line: int, old: Sequence[str], new: Sequence[str]) -> Edit:
    """The fewest whole lines that differ, at least one of the old ones."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if head + tail == len(old):
        head, tail = (head - 1, tail) if head else (head, tail - 1)
    return Edit(
        path=path,
        first_line=first_line + head,
        last_line=first_line + len(old) - tail - 1,
        before=tuple(old[head : len(old) - tail]),
        after=tuple(new[head : len(new) - tail]),
    )
