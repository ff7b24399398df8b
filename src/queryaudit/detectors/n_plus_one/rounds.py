"""Which of the loops around a query is the one whose rounds repeat it."""

from __future__ import annotations

import ast
import textwrap
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from queryaudit.advice.loops import names_in, read_loop
from queryaudit.advice.source import Source, read_source
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind

_ENUMERATED = frozenset({"choices", "values", "labels", "names", "__members__"})
#: Names of what a client sends, on its request.
_SENT = frozenset({"GET", "POST", "FILES", "META", "COOKIES"})
#: Iterators of itertools that never end by themselves.
_ENDLESS = frozenset({"count", "cycle", "repeat"})

#: Names of a template's context, and what goes through all of it.
_CONTEXTS = frozenset({"context", "context_data", "ctx", "extra_context"})
_IN_CONTEXT = frozenset({"flatten", "items", "keys", "values"})

#: Rounds of a range of literal length from which on it is as bad as a loop over data.
_LONG = 10

_PYTHON = (FrameKind.PROJECT, FrameKind.TEST)

_Place = tuple[str, int, int | None]


class _Reached(NamedTuple):
    """A frame of a function, and how often a query ran so many frames below."""

    frame: Frame
    below: int
    queries: int
    looped: bool  #: perhaps many times for one time that the frame got there


class Rounds:
    """How often each place of a scope was reached, to tell loops that turn from those that don't.

    A function that asks something before its loop as often as inside it goes into the loop once
    for each of its calls: what repeats is a loop around it.
    """

    def __init__(
        self, runs: Iterable[tuple[Sequence[Frame], int]], models: Collection[str] = ()
    ) -> None:
        self._runs = runs
        #: Names of their classes.
        self._models = frozenset(label.rpartition(".")[2] for label in models)

    @cached_property
    def _calls(self) -> dict[tuple[_Place, ...], list[_Reached]]:
        """By the callers of a function."""
        calls: dict[tuple[_Place, ...], list[_Reached]] = defaultdict(list)
        for all_frames, queries in self._runs:
            frames = _folded(all_frames)
            places = tuple(map(_place, frames))
            looped = False
            for index, frame in enumerate(frames):
                calls[places[index + 1 :]].append(_Reached(frame, index, queries, looped))
                looped = looped or frame.loop_text is not None
        return calls

    def loop(self, frames: Sequence[Frame], queries: int) -> Frame | None:
        """The innermost frame whose loop turned; it is not always the innermost loop."""
        frames = _folded(frames)
        places = tuple(map(_place, frames))
        for index, frame in enumerate(frames):
            if frame.loop_text is None or not _goes_over_data(frame, self._models):
                continue
            reached = self._calls.get(places[index + 1 :], ())
            here = [r for r in reached if r.below == index and _place(r.frame) == places[index]]
            if frame.kind not in _PYTHON or any(r.queries != queries for r in here):
                return frame
            entries, around = _entries(frame, reached, self._models)
            if entries is None:
                return self._around(frames, places, index, queries) or frame
            if queries >= 2 * entries:
                return frame
            if around is not None:
                return around
        return None

    def _around(
        self, frames: Sequence[Frame], places: tuple[_Place, ...], inner: int, queries: int
    ) -> Frame | None:
        """A caller's loop that turned about as often as the query ran.

        What that one asks besides in each of its rounds tells how often it turned.
        """
        for index in range(inner + 1, len(frames)):
            frame = frames[index]
            if frame.loop_text is None or not _goes_over_data(frame, self._models):
                continue
            turned = [
                other.queries
                for other in self._calls.get(places[index + 1 :], ())
                if not other.looped
                and (other.frame.path, other.frame.loop_line) == (frame.path, frame.loop_line)
                and _place(other.frame) != places[index]
            ]
            return frame if turned and min(turned) > 1 and queries < 2 * min(turned) else None
        return None


def _folded(frames: Sequence[Frame]) -> list[Frame]:
    """The frames with those of comprehensions, which Python before 3.12 has, as part of their
    functions: what a function asks besides tells how often it goes over all."""
    folded: list[Frame] = []
    for frame in frames:
        if not (folded and _is_comprehension_in(folded[-1], frame)):
            folded.append(frame)
    return folded


def _is_comprehension_in(inner: Frame, outer: Frame) -> bool:
    if (inner.path, inner.function) != (outer.path, outer.function) or not inner.loop_source:
        return False
    last = (inner.loop_line or 0) + len(inner.loop_source) - 1
    within = (inner.loop_line or 0) <= outer.line <= last
    return within and not inner.loop_source[0].lstrip().startswith(("for ", "async for ", "while "))


def _entries(
    frame: Frame, reached: Iterable[_Reached], models: frozenset[str]
) -> tuple[int | None, Frame | None]:
    """How often a loop was gone into at most, and the loop around it in the same function.

    Unknown where the function asks nothing but inside its loop.
    """
    line = frame.loop_line
    headers: list[int] = []
    entries: list[int] = []
    rounds: list[int] = []
    around: Frame | None = None
    for other, _, queries, looped in reached:
        if looped or (other.path, other.function) != (frame.path, frame.function):
            continue
        if other.line == line and other.loop_line != line:
            headers.append(queries)
            if other.loop_text is not None and _goes_over_data(other, models):
                around = other
        elif other.loop_text is None:
            entries.append(queries)
        elif _encloses(other, frame) and _goes_over_data(other, models):
            rounds.append(queries)
            around = around or other
    counted = headers or rounds or entries
    return (min(counted), around) if counted else (None, None)


def _encloses(outer: Frame, inner: Frame) -> bool:
    """Whether the loop of one place of a function stands inside that of another."""
    first, last = outer.loop_line or 0, (outer.loop_line or 0) + len(outer.loop_source)
    return first < (inner.loop_line or 0) < last


def _place(frame: Frame) -> _Place:
    return frame.path, frame.line, frame.column


def _goes_over_data(frame: Frame, models: frozenset[str]) -> bool:
    text = frame.loop_text or ""
    if _is_asked_of(text, models):
        return True
    if is_constant_loop(text):
        # A test's own loops make its rows.
        counts = frame.kind is FrameKind.PROJECT and _is_long(text)
        return counts and not _may_end_early(frame.loop_source)
    return not (text.startswith("while ") and _is_step(frame))


def _is_asked_of(text: str, models: frozenset[str]) -> bool:
    """Whether a header goes over what a model's class hands out: ``for book in Book.cheap()``."""
    loop = read_loop(text)
    call = loop.iterable if loop is not None else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    return isinstance(call.func.value, ast.Name) and call.func.value.id in models


def _is_long(text: str) -> bool:
    """Whether a header counts, in figures, to more than anybody would have written out."""
    loop = read_loop(text)
    call = loop.iterable if loop is not None else None
    if not isinstance(call, ast.Call) or _called(call) != "range" or call.keywords:
        return False
    bounds = [a.value if isinstance(a, ast.Constant) else None for a in call.args]
    numbers = [bound for bound in bounds if isinstance(bound, int)]
    if len(numbers) != len(bounds) or not 1 <= len(numbers) <= 3 or numbers[2:] == [0]:
        return False
    return len(range(*numbers)[:_LONG]) == _LONG


def _may_end_early(lines: Sequence[str]) -> bool:
    """Whether the rounds are attempts, the first good one of which is the last."""
    try:
        [loop] = ast.parse(textwrap.dedent("\n".join(lines))).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    if not isinstance(loop, ast.For | ast.AsyncFor):
        return False  # a comprehension
    return any(isinstance(node, ast.Break | ast.Return) for node in ast.walk(loop))


def _is_step(frame: Frame) -> bool:
    """Whether the answer decides if the ``while`` goes on: each round needs the one before."""
    if frame.line == frame.loop_line:
        return True
    source = read_source(frame)
    if source is None:
        return False
    try:
        test = ast.parse((frame.loop_text or "").removeprefix("while "), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return bool(names_in(test) & _assigned(source))


def _assigned(source: Source) -> frozenset[str]:
    """The names that get what stands at the place."""
    found: frozenset[str] = frozenset()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets = [node.target]
        else:
            continue
        span = source.span(node.value) if node.value is not None else None
        if span is not None and span.meets(source.focus):
            found = found.union(*map(names_in, targets))
    return found


#: What stands between the steps of an attribute's or a lookup's path.
_STEPS = (".", "__")


def is_constant_loop(text: str) -> bool:
    """Whether a loop's header goes over nothing that can grow with the data."""
    try:
        header = ast.parse(f"{text}:\n pass").body[0]
    except (SyntaxError, ValueError):
        return False
    if isinstance(header, ast.While):
        # `while True` goes over nothing: it tries until something holds.
        return isinstance(header.test, ast.Constant)
    if not isinstance(header, ast.For):
        return False
    return _is_constant(header.iter)


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        return _names_constant(node)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return not any(isinstance(e, ast.Starred) for e in node.elts)
    if isinstance(node, ast.Dict):
        return None not in node.keys
    if isinstance(node, ast.BoolOp):
        # choices or ()
        return isinstance(node.op, ast.Or) and all(_is_constant(one) for one in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        if node.func.id == "range":
            return all(isinstance(a, ast.Constant) or _is_constant(a) for a in node.args)
        if node.func.id in ("enumerate", "reversed", "sorted", "zip"):
            return any(_is_constant(a) for a in node.args)
    if isinstance(node, ast.Call) and _called(node) in _ENDLESS:
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        # {"a": 1}.items()
        return _is_path(node) or _is_of_context(node) or _is_constant(node.func.value)
    return False


def _is_of_context(node: ast.Call) -> bool:
    """``context.items()``: what a view has put there by name."""
    while isinstance(node.func, ast.Attribute) and node.func.attr in _IN_CONTEXT:
        value = node.func.value
        if not isinstance(value, ast.Call):
            return isinstance(value, ast.Name) and value.id in _CONTEXTS
        node = value
    return False


def _is_path(node: ast.Call) -> bool:
    """``name.split(".")``: the steps of one lookup, whose rounds are not what repeats."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    separator = node.args[0] if node.args else None
    if isinstance(separator, ast.Constant):
        return method in ("split", "rsplit") and separator.value in _STEPS
    return isinstance(separator, ast.Name) and separator.id == "LOOKUP_SEP"


def _called(node: ast.Call) -> str:
    """The name of a function of itertools, as it is called."""
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return node.func.attr if isinstance(owner, ast.Name) and owner.id == "itertools" else ""
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _names_constant(node: ast.Name | ast.Attribute) -> bool:
    """An enumeration, its members' values, or a module's constant, by the way it is written."""
    if isinstance(node, ast.Attribute) and node.attr in _ENUMERATED:
        if isinstance(node.value, ast.Call):
            # Model._meta.get_field("status").choices
            return getattr(node.value.func, "attr", "") == "get_field"
        return isinstance(node.value, ast.Name | ast.Attribute) and _names_constant(node.value)
    if isinstance(node, ast.Attribute) and node.attr in _SENT:
        return False
    name = node.attr if isinstance(node, ast.Attribute) else node.id
    # Only an enumeration is a class that can be iterated.
    return name[:1].isupper()
