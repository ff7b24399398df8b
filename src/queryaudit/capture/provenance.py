"""Decides how a statement's text came about, once for each new text at a call site.

Text of Django's compilers, and text that is the same object as a constant of the running code, is
of no interest. For the rest the source is read: what it says must fit the text that ran, else
nothing is said at all.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.fitting import certainty, labels_in, stands_in, varies
from queryaudit.capture.fragments import conditions, fragments, query_of
from queryaudit.capture.inputs import Input, converted, inputs, names, request_of
from queryaudit.capture.places import Place
from queryaudit.capture.scopes import Scope
from queryaudit.capture.sources import Sources, StackLibrary
from queryaudit.composition.matching import filled, squeezed
from queryaudit.composition.modules import Module
from queryaudit.composition.reading import (
    Composition,
    compositions,
    heaviest,
    of_expression,
    place_of,
)
from queryaudit.composition.rows import provenance
from queryaudit.composition.sinks import NAMES, Sink, sink_of
from queryaudit.records.definitions import Provenance
from queryaudit.records.kinds import FetchKind, FrameKind
from queryaudit.records.texts import Hole, HoleKind

_REACH = 30
#: What a loop over all that a request brings is told to go through.
_ALL = frozenset({"GET", "POST", "query_params", "data", "body", "json"})
#: Longer texts are not compared with their source.
_MAX_TEXT = 500_000
#: Ways to hand over text whose place is looked for by the text, as the call is not on the stack.
_WORDS = {"raw": ".raw(", "extra": ".extra(", "RawSQL": "RawSQL", "order_by": ".order_by("}
#: Django's functions that write all of the text that they have a cursor execute.
_WRITERS = frozenset({"execute_sql", "_savepoint", "_savepoint_rollback", "_savepoint_commit"})
#: Methods whose name is only compared with what the query has.
_BY_CHANCE = NAMES - {"order_by"}


class Provenances:
    """See the module. One serves a recorder."""

    def __init__(self, files: CodeFiles, failed: Callable[[str, Exception], None]) -> None:
        self._failed = failed
        self._sources = Sources(files)
        self._lock = threading.RLock()
        #: Compositions that a call can make, by the call and by who stands around it.
        self._known: dict[tuple[object, ...], list[Composition]] = {}
        self._everywhere: dict[str, list[Module]] = {}

    def decide(
        self,
        text: str,
        fetches: FetchKind | None,
        places: Sequence[Place],
        frame: FrameType,
        scope: Scope,
    ) -> Provenance | None:
        """None if there is nothing to say."""
        try:
            return self._decide(text, fetches, places, frame, scope)
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed("provenance", ours)
            return None

    def _decide(
        self,
        text: str,
        fetches: FetchKind | None,
        places: Sequence[Place],
        frame: FrameType,
        scope: Scope,
    ) -> Provenance | None:
        if not places or len(text) > _MAX_TEXT or _in_migration(places):
            return None
        if not any(place.kind in (FrameKind.PROJECT, FrameKind.TEST) for place in places):
            return None
        with self._lock:
            if fetches is FetchKind.CURSOR:
                if _is_djangos(frame, self._sources.files):
                    return None
                constant = _is_constant(text, frame)
                if constant and "'" not in text:
                    return None
                return self._of_call(text, places, frame, scope, constant=constant)
            query = query_of(frame)
            if query is None:
                return None
            raw = fetches is FetchKind.RAW or hasattr(query, "raw_query") or hasattr(query, "sql")
            texts = [("raw", str(query.sql))] if raw else fragments(query)
            if request_of(scope) is None:
                texts = [item for item in texts if item[0] not in NAMES]
            elif not raw:
                values = [value for _, value in inputs(scope, frame)]
                texts += conditions(query, [*values, *sorted(names(scope, frame))])
            if not texts:
                return None
            return self._of_texts(texts, query, places, frame, scope)

    def _of_call(
        self,
        text: str,
        places: Sequence[Place],
        frame: FrameType,
        scope: Scope,
        *,
        constant: bool,
    ) -> Provenance | None:
        """A cursor was handed a text by the innermost of the project's frames."""
        if places[0].code is None:
            return None
        at = self._sources.calls_at(places[0])
        if at is None:
            return None
        module, calls = at
        library = StackLibrary(self._sources, places)
        key: tuple[object, ...] = tuple([place.key for place in places])
        found = self._known.get(key[:1], self._known.get(key))
        if found is None:
            found = [c for call in calls for c in _of_any_call(module, call, library)]
            self._remember(key if library.was_asked else key[:1], found)
        if constant:
            # Whatever the source seems to say, nothing was put in.
            found = [one for one in found if not one.bad]
        return self._told(found, text, places, frame, scope)

    def _of_texts(
        self,
        texts: Sequence[tuple[str, str]],
        query: Any,
        places: Sequence[Place],
        frame: FrameType,
        scope: Scope,
    ) -> Provenance | None:
        """Text was handed over somewhere before: the place is found by what can make the text."""
        library = StackLibrary(self._sources, places)
        near = [self._sources.of_file(p.code.co_filename) for p in places if p.code is not None]
        built = getattr(query, "_queryaudit_built", None)
        if built:
            near.append(self._sources.of_file(built[0].co_filename))
        codes = [p.code for p in places if p.code is not None] + ([built[0]] if built else [])
        modules = list(dict.fromkeys(module for module in near if module is not None))
        for method, text in texts:
            if method not in NAMES or inputs(scope, frame) or names(scope, frame):
                told = None
                for module in modules:
                    found = self._of_module(module, method, library)
                    told = told or self._told(found, text, places, frame, scope, codes)
                if told is None and method not in NAMES:
                    for module in self._elsewhere(method):
                        if module not in modules:
                            found = self._of_module(module, method, library)
                            told = told or self._told(found, text, places, frame, scope, codes)
                if told is not None:
                    return told
        return None

    def _of_module(self, module: Module, method: str, library: StackLibrary) -> list[Composition]:
        key = ("module", id(module), method)
        found = self._known.get(key)
        if found is None:
            found = []
            for call in module.calls:
                sink = sink_of(call, module)
                if sink is not None and _alike(sink.method, method):
                    found += compositions(module, call, library)
            # Parameters are followed to who called just now: that differs from time to time.
            if not any(hole.kind is HoleKind.UNKNOWN for c in found for hole in c.holes):
                self._remember(key, found)
        return found

    def _elsewhere(self, method: str) -> list[Module]:
        if method not in self._everywhere:
            word = _WORDS.get(method, "template")
            self._everywhere[method] = list(self._sources.everywhere(word))
        return self._everywhere[method]

    def _remember(self, key: tuple[object, ...], found: list[Composition]) -> None:
        if len(self._known) > 5000:
            self._known.clear()
        self._known[key] = found

    def _told(
        self,
        candidates: Sequence[Composition],
        text: str,
        places: Sequence[Place],
        frame: FrameType,
        scope: Scope,
        codes: Sequence[CodeType] | None = None,
    ) -> Provenance | None:
        """``codes``: the functions that run, and the one that began the queryset."""
        if not candidates:
            return None
        if codes is None:
            codes = [place.code for place in places if place.code is not None]
        kind = next(p.kind for p in places if p.kind in (FrameKind.PROJECT, FrameKind.TEST))
        plain = squeezed(text)
        fitting = [(c, gaps) for c in candidates if (gaps := filled(c.variant, plain)) is not None]
        near = [found for found in fitting if stands_in(found[0], codes)]
        # Any value may be a column's name by chance.
        fitting = near or [one for one in fitting if one[0].sink.method not in _BY_CHANCE]
        # What the source says in full explains the text; nothing else needs to.
        if any(not one.holes and not one.quoted for one, _ in fitting):
            return None
        best = max(fitting, key=certainty, default=None)
        if best is None:
            return None
        one, gaps = best
        chosen = next((c for c in heaviest(candidates) if place_of(c) == place_of(one)), one)
        if not one.bad and not one.quoted and not varies(one):
            return None
        seen = inputs(scope, frame) if one.bad else []
        named = names(scope, frame) if one.bad and one.sink.method in NAMES else frozenset()
        numbers = converted(scope) if one.bad else frozenset()
        holes = tuple(
            hole._replace(kind=HoleKind.NUMBER, bad=False)
            if hole.code in numbers
            else hole._replace(inputs=_filled_by(hole, content, seen, named) if hole.bad else ())
            for hole, content in zip(one.holes, gaps, strict=True)
        )
        if one.sink.method in NAMES and not any(hole.inputs for hole in holes):
            return None
        return provenance(replace(one, site=chosen.site), holes=holes, kind=kind)


def _filled_by(
    hole: Hole, content: str, seen: Sequence[Input], named: Container[str]
) -> tuple[str, ...]:
    """The parameters whose value stands in a gap; where it goes through all, those whose name."""
    if hole.code in _ALL and content in named:
        return (f"A name in {hole.code}",)
    return labels_in(seen, content)


def _of_any_call(module: Module, call: ast.Call, library: StackLibrary) -> Iterable[Composition]:
    """Of a call that takes SQL, or of one of a library that passes its text on."""
    if sink_of(call, module) is not None:
        return compositions(module, call, library)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    arguments = [*call.args, *(k.value for k in call.keywords)]
    sink = Sink(call, name or "call", tuple(arguments), None, False)
    return [
        one
        for argument in arguments
        for one in of_expression(sink, argument, module, library)
        if len(one.variant) > 1
    ]


def _alike(method: str, wanted: str) -> bool:
    if wanted == "Func":
        return method not in _WORDS and not method.startswith("cursor.")
    return method == wanted


def _is_constant(text: object, frame: FrameType | None) -> bool:
    """Whether a text is the same object as a constant of the code that runs."""
    for _ in range(_REACH):
        if frame is None:
            return False
        if any(constant is text for constant in frame.f_code.co_consts):
            return True
        names = frame.f_code.co_names
        values = frame.f_globals
        if any(values.get(name) is text for name in names):
            return True
        frame = frame.f_back
    return False


def _is_djangos(frame: FrameType | None, files: CodeFiles) -> bool:
    """Whether a cursor was handed its text by a compiler, or by what sets savepoints."""
    while frame is not None and files(frame.f_code.co_filename).orm:
        if frame.f_code.co_name in _WRITERS:
            return True
        frame = frame.f_back
    return False


def _in_migration(places: Sequence[Place]) -> bool:
    return any(
        place.code is not None and "/migrations/" in place.code.co_filename.replace("\\", "/")
        for place in places
    )
