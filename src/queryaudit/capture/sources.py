"""The project's source as its running code needs it: modules by file, calls by instruction."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator, Sequence
from types import CodeType

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.places import Place
from queryaudit.composition.modules import CallSite, Module, handed_over
from queryaudit.composition.sinks import sink_of
from queryaudit.records.kinds import FrameKind

_MAX_BYTES = 2_000_000


class Sources:
    """Modules parsed once each."""

    def __init__(self, files: CodeFiles) -> None:
        self.files = files
        self._modules: dict[str, Module | None] = {}

    def of_file(self, filename: str, name: str = "") -> Module | None:
        if filename not in self._modules:
            self._modules[filename] = self._read(filename, name)
        return self._modules[filename]

    def _read(self, filename: str, name: str) -> Module | None:
        if self.files(filename).kind is FrameKind.LIBRARY:
            return None
        text = "".join(linecache.getlines(filename))
        if not text or len(text) > _MAX_BYTES:
            return None
        try:
            return Module(self.files.relative(filename), name or _name_of(filename), text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def by_name(self, name: str) -> Module | None:
        filename = getattr(sys.modules.get(name), "__file__", None)
        return self.of_file(filename, name) if filename else None

    def everywhere(self, word: str) -> Iterator[Module]:
        """The project's loaded modules in whose text a word stands."""
        for name, module in sorted(sys.modules.items()):
            filename = getattr(module, "__file__", None)
            if not isinstance(filename, str) or self.files(filename).kind is FrameKind.LIBRARY:
                continue
            if any(word in line for line in linecache.getlines(filename)):
                found = self.of_file(filename, name)
                if found is not None:
                    yield found

    def calls_at(self, place: Place) -> tuple[Module, list[ast.Call]] | None:
        """The call that a place's instruction makes; several where columns are unknown."""
        if place.code is None:
            return None
        module = self.of_file(place.code.co_filename)
        if module is None:
            return None
        line, end_line, column, end_column = place.position
        if column is not None:
            exact = module.calls_by_position.get((line, end_line, column, end_column))
            return module, exact or _awaited(module, (line, column, end_line, end_column))
        near = [c for c in module.calls if c.lineno <= line <= (c.end_lineno or c.lineno)]
        sinks = [call for call in near if sink_of(call, module) is not None]
        return module, sinks or near


class StackLibrary:
    """Who calls whom is what the stack says."""

    def __init__(self, sources: Sources, places: Sequence[Place]) -> None:
        self._sources = sources
        self._places = [place for place in places if place.code is not None]
        #: Whether who calls whom was asked at all: else nothing depends on the stack.
        self.was_asked = False

    def module(self, name: str) -> Module | None:
        return self._sources.by_name(name)

    def callers(self, module: Module, function: ast.AST) -> Sequence[CallSite] | None:
        self.was_asked = True
        found: list[CallSite] = []
        seen = False
        for place, outer in zip(self._places, [*self._places[1:], None], strict=True):
            if place.code is None or not _is_code_of(place.code, function, module, self._sources):
                continue
            seen = True
            at = self._sources.calls_at(outer) if outer is not None else None
            if at is not None:
                found += [CallSite(at[0], c) for c in at[1] if _names(c, function)]
        return found or (None if seen else [])


def _is_code_of(code: CodeType, function: ast.AST, module: Module, sources: Sources) -> bool:
    if code.co_name != getattr(function, "name", ""):
        return False
    decorators = getattr(function, "decorator_list", ())
    first = min([getattr(function, "lineno", 0), *(d.lineno for d in decorators)])
    return code.co_firstlineno == first and sources.of_file(code.co_filename) is module


def _names(call: ast.Call, function: ast.AST) -> bool:
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    name = name or handed_over(call)
    return name == getattr(function, "name", None)


def _awaited(module: Module, position: tuple[object, ...]) -> list[ast.Call]:
    """The call that is waited for at a position."""
    return [
        call
        for call in module.calls
        if isinstance(outer := module.parents.get(call), ast.Await)
        and (outer.lineno, outer.col_offset, outer.end_lineno, outer.end_col_offset) == position
    ]


def _name_of(filename: str) -> str:
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == filename:
            return name
    return ""
