"""Calls written into the source at the place that built a queryset.

Everything that is not understood for certain gives no edit: a fix can still be shown, but not
applied.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from queryaudit.advice.chains import Chain, find_chains, querysets
from queryaudit.advice.layout import apply_changes
from queryaudit.advice.merging import MergeError, Place, merge_calls
from queryaudit.advice.source import Source, Span, parses, read_source
from queryaudit.records.events import Frame
from queryaudit.records.findings import Edit

_SHORTCUTS = frozenset({"get_object_or_404", "get_list_or_404"})
_SHORTCUTS |= {f"a{name}" for name in _SHORTCUTS}


def append_calls(frame: Frame, calls: Sequence[str], model: str) -> Edit | None:
    """The edit that adds ``calls`` to the queryset of ``model`` that the frame points to.

    ``.only(..., "column")`` adds to an existing ``only`` or takes from ``defer``. None if the
    queryset can't be told for certain, or if there is nothing to change. Never raises.
    """
    if not calls:
        return None
    source = read_source(frame)
    if source is None:
        return None
    try:
        place = _place(source, model.rpartition(".")[2])
        if place is None:
            return None
        changes = merge_calls(source, place, calls)
    except MergeError:
        return None
    text = apply_changes(source.text, changes)
    if text is None or text == source.text or not parses(text):
        return None
    return _edit(frame.path, source, text)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A queryset expression that the frame may mean."""

    span: Span
    model: str  #: class name as written; empty if unknown
    place: Place
    ends: frozenset[int]  #: where its links end
    start: int

    def contradicts(self, model: str) -> bool:
        return bool(model) and self.model.lstrip("_")[:1].isupper() and self.model != model


def _place(source: Source, model: str) -> Place | None:
    candidates = [
        candidate
        for chain in find_chains(source)
        for candidate in _candidates(source, chain, model)
    ]
    if source.exact:
        asked = [one for one in candidates if source.focus.end in one.ends]
        asked = [one for one in asked if one.start == source.focus.start]
        if asked:
            return asked[0].place if len(asked) == 1 else None
        inside = [one for one in candidates if source.focus.holds(one.span)]
        return _only(inside, model)
    near = [one for one in candidates if one.span.meets(source.focus)]
    if near:
        return _only(near, model)
    statement = _statement(source)
    if statement is None:
        return None
    return _only([one for one in candidates if statement.holds(one.span)], model)


def _candidates(source: Source, chain: Chain, model: str) -> list[_Candidate]:
    found: list[_Candidate] = []
    for queryset in querysets(chain, model):
        try:
            place = Place.of(queryset)
        except MergeError:
            continue
        previous = found[-1].span.end if found else -1
        ends = {link.end for link in chain.links if previous < link.end <= queryset.span.end}
        found.append(
            _Candidate(queryset.span, queryset.model, place, frozenset(ends), chain.span.start)
        )
    shortcut = _shortcut(source, chain)
    return [*found, shortcut] if shortcut else found


def _shortcut(source: Source, chain: Chain) -> _Candidate | None:
    """``get_object_or_404(Book, ..)``: the class stands for its manager's queryset."""
    link = chain.links[0]
    name = link.name or chain.root_name
    if name not in _SHORTCUTS or link.call is None or not link.call.args:
        return None
    argument = link.call.args[0]
    model = argument.attr if isinstance(argument, ast.Attribute) else ""
    model = argument.id if isinstance(argument, ast.Name) else model
    span = source.span(argument)
    if span is None or not model[:1].isupper():
        return None
    place = Place(span.end, (), None, before=".objects")
    return _Candidate(span, model, place, frozenset({link.end}), chain.span.start)


def _only(candidates: Sequence[_Candidate], model: str) -> Place | None:
    """The one that can be meant; of nested ones the outer."""
    fitting = [one for one in candidates if not one.contradicts(model)]
    named = [one for one in fitting if one.model == model]
    fitting = named or fitting
    outer = [
        one
        for one in fitting
        if not any(other is not one and other.span.holds(one.span) for other in fitting)
    ]
    return outer[0].place if len(outer) == 1 else None


def _statement(source: Source) -> Span | None:
    """The simple statement in which the frame's line lies."""
    found: Span | None = None
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.stmt) or hasattr(node, "body"):
            continue
        first = node.lineno - 1 - source.shift
        last = (node.end_lineno or node.lineno) - source.shift
        if 0 <= first < last < len(source.starts):
            span = Span(source.starts[first], source.starts[last])
            if span.holds(source.focus):
                found = span
    return found


def _edit(path: str, source: Source, text: bytes) -> Edit | None:
    """The fewest whole lines that differ, at least one of the old ones."""
    old = source.text.decode().split("\n")[:-1]
    new = text.decode().split("\n")[:-1]
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
        first_line=source.first_line + head,
        last_line=source.first_line + len(old) - tail - 1,
        before=tuple(old[head : len(old) - tail]),
        after=tuple(new[head : len(new) - tail]),
    )
