"""Which queryset expression a frame means."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from queryaudit.advice.chains import MANAGERS, Chain, Link, Queryset, find_chains, querysets
from queryaudit.advice.source import Source, Span

SHORTCUTS = frozenset({"get_object_or_404", "get_list_or_404"})
SHORTCUTS |= {f"a{name}" for name in SHORTCUTS}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A queryset expression that the frame may mean."""

    chain: Chain
    queryset: Queryset | None  #: None for a model class handed to a shortcut
    span: Span
    model: str  #: class name as written; empty if unknown
    links: tuple[Link, ...]

    def is_at(self, focus: Span) -> bool:
        """Whether the range is that of one of its calls.

        In a chain of several lines a call's position begins at the method's name.
        """
        starts = {link.end: link.name_start for link in self.links}
        start = starts.get(focus.end)
        return start is not None and focus.start in (self.chain.span.start, start)

    @property
    def is_of_any_model(self) -> bool:
        """Whether the class is chosen at run time, as in ``self.get_model().objects`` or of a
        manager that was handed over."""
        if self.chain.root_name.lower().endswith("manager"):
            return True
        if self.queryset is None or self.queryset.first >= len(self.chain.links):
            return False
        if self.chain.links[self.queryset.first].name not in MANAGERS:
            return False
        if not self.model:  # the class of an object, as in type(book).objects
            root = self.chain.root
            called = root.func if isinstance(root, ast.Call) else root
            return not (isinstance(called, ast.Name) and called.id == "type")
        return self.model != "cls" and not self.model.lstrip("_")[:1].isupper()

    def contradicts(self, model: str) -> bool:
        return bool(model) and self.model.lstrip("_")[:1].isupper() and self.model != model


def locate(source: Source, model: str) -> Candidate | None:
    """The queryset of class ``model`` (empty: any) at the frame's place, if it is certain.

    With columns the frame is trusted even where the class goes by another name there.
    """
    found = _found(source, model)
    # getattr(Book.objects, name) may ask for a method that the manager has and a queryset has not.
    return None if found is not None and _is_asked_by_name(source, found.span) else found


def _found(source: Source, model: str) -> Candidate | None:
    candidates = [
        candidate
        for chain in find_chains(source)
        for candidate in _candidates(source, chain, model)
    ]
    if source.exact:
        asked = [one for one in candidates if one.is_at(source.focus)]
        if asked:
            return asked[0] if len(asked) == 1 else None
        focus = _unpacked(source) or source.focus
        return _only([one for one in candidates if focus.holds(one.span)], model)
    near = [one for one in candidates if one.span.meets(source.focus)]
    if near:
        return _only(near, model)
    statement = _statement(source)
    if statement is None:
        return None
    return _only([one for one in candidates if statement.holds(one.span)], model)


def _is_asked_by_name(source: Source, span: Span) -> bool:
    return any(
        isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "getattr"
        and bool(node.args)
        and source.span(node.args[0]) == span
        for node in ast.walk(source.tree)
    )


def _candidates(source: Source, chain: Chain, model: str) -> list[Candidate]:
    found: list[Candidate] = []
    for queryset in querysets(chain, model):
        previous = found[-1].span.end if found else -1
        own = [link for link in chain.links if previous < link.end <= queryset.span.end]
        found.append(Candidate(chain, queryset, queryset.span, queryset.model, tuple(own)))
    shortcut = _shortcut(source, chain)
    return [*found, shortcut] if shortcut else found


def _shortcut(source: Source, chain: Chain) -> Candidate | None:
    """``get_object_or_404(Book, ..)``: the class stands for its manager's queryset."""
    link = chain.links[0]
    name = link.name or chain.root_name
    if name not in SHORTCUTS or link.call is None or not link.call.args:
        return None
    argument = link.call.args[0]
    model = argument.attr if isinstance(argument, ast.Attribute) else ""
    model = argument.id if isinstance(argument, ast.Name) else model
    span = source.span(argument)
    if span is None or not model[:1].isupper():
        return None
    return Candidate(chain, None, span, model, (link,))


def _only(candidates: Sequence[Candidate], model: str) -> Candidate | None:
    """The one that can be meant; of nested ones the outer."""
    fitting = [one for one in candidates if not one.contradicts(model)]
    fitting = [one for one in fitting if one.model == model] or fitting
    outer = [
        one
        for one in fitting
        if not any(other is not one and other.span.holds(one.span) for other in fitting)
    ]
    return outer[0] if len(outer) == 1 else None


def _unpacked(source: Source) -> Span | None:
    """``a, b = queryset`` runs the query where the names stand; the value is meant."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if source.span(target) == source.focus:
                    return source.span(node.value)
    return None


def _statement(source: Source) -> Span | None:
    """The innermost statement in which the frame's line lies; of a compound one, its header."""
    found: Span | None = None
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.stmt):
            continue
        first = node.lineno - 1 - source.shift
        last = (node.end_lineno or node.lineno) - source.shift
        body = getattr(node, "body", None)
        if isinstance(body, list) and body:
            last = max(first + 1, body[0].lineno - 1 - source.shift)
        last = min(last, len(source.starts) - 1)
        if 0 <= first < last:
            span = Span(source.starts[first], source.starts[last])
            if span.holds(source.focus):
                found = span
    return found
