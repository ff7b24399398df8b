"""Reads source files to say in which loop and statement a call stands.

Used once for each distinct call site that turned out to matter, never on the hot path.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from queryaudit.capture.called_loops import Position, called_loop, may_loop
from queryaudit.capture.outline import (
    CLASS,
    COMPREHENSION,
    FOR,
    FUNCTION,
    LAMBDA,
    STATEMENTS,
    WHILE,
    Node,
    Outline,
    parse_outline,
)

_CONTEXT_LINES = 2
_MAX_SNIPPET = 60
_MAX_LOOP = 40
_MAX_FUNCTION = 150
_MAX_HEAD = 150
_IMPORTING = ("import ", "from ")


#: Nodes with their numbers, outermost first.
_Chain = list[tuple[int, Node]]


class Loop(NamedTuple):
    line: int
    text: str
    source: tuple[str, ...]  #: all its lines; empty if they are many


class Function(NamedTuple):
    name: str
    first_line: int
    lines: tuple[str, ...]
    decorators: tuple[str, ...]


class Head(NamedTuple):
    first_line: int
    lines: tuple[str, ...]
    names: tuple[str, ...]


class Place(NamedTuple):
    """What the source says about a position."""

    function: str | None
    loop: Loop | None
    snippet_line: int
    snippet: tuple[str, ...]


class SourceFile:
    """A file and its outline. Files that can't be read or parsed still give their lines, if any."""

    def __init__(self, filename: str) -> None:
        self.lines = [line.rstrip("\n") for line in linecache.getlines(filename)]
        try:
            self.outline: Outline | None = parse_outline("\n".join(self.lines))
        except (SyntaxError, ValueError, RecursionError):
            self.outline = None

    def place(
        self,
        line: int,
        column: int | None,
        end_line: int | None,
        end_column: int | None,
        *,
        comprehension: bool = False,
        anonymous: bool = False,
    ) -> Place:
        """Function, loop and statement around a position.

        ``comprehension`` says that the running frame is a comprehension's own (before
        Python 3.12), which is a loop even where no column is known; ``anonymous``, that it is a
        lambda's.
        """
        chain = self._chain(line, column)
        if comprehension and column is None:
            chain = self._to_comprehension(chain, line)
        end = (end_line, end_column) if end_line and end_column is not None else None
        first, last = _statement_lines(chain, line, end_line or line)
        start = max(1, first - _CONTEXT_LINES)
        stop = min(len(self.lines), last + _CONTEXT_LINES, start + _MAX_SNIPPET)
        return Place(
            function=_qualified_name(chain),
            loop=self._loop(chain, line, column, comprehension)
            or self._called_loop(Position(line, column, end, anonymous), first, last),
            snippet_line=start,
            snippet=tuple(self.lines[start - 1 : stop]),
        )

    def function(self, line: int) -> Function | None:
        """The innermost ``def`` around a line, unless it is long."""
        for _, node in reversed(self._chain(line, None)):
            if node.kind == FUNCTION:
                if node.end_line - node.line >= _MAX_FUNCTION:
                    return None
                lines = tuple(self.lines[node.line - 1 : node.end_line])
                return Function(node.names, node.line, lines, self._decorators(node.line))
        return None

    def _decorators(self, line: int) -> tuple[str, ...]:
        """Those of one line each, above the line of a ``def``."""
        found: list[str] = []
        while line > 1 and (text := self.lines[line - 2].strip()).startswith("@"):
            found.append(text[1:])
            line -= 1
        return tuple(reversed(found))

    def class_at(self, line: int) -> Function | None:
        """The class whose header stands on a line, or one of whose decorators does."""
        for _, node in self._chain(line, None):
            if node.kind == CLASS and line <= node.line:
                if node.end_line - node.line >= _MAX_FUNCTION:
                    return None
                lines = tuple(self.lines[node.line - 1 : node.end_line])
                return Function(node.names, node.line, lines, ())
        return None

    def head(self) -> Head | None:
        """The imports at the top, and the names of what is defined below them."""
        outline = self.outline
        if outline is None:
            return None
        imports: list[Node] = []
        names: list[str] = []
        start, below = 1, False
        for number, at in enumerate(outline.inside(0)):
            node = outline.node(at)
            text = self.lines[node.line - 1]
            if text.startswith(_IMPORTING):
                imports += [] if below else [node]
            elif node.kind in (FUNCTION, CLASS):
                names.append(node.names)
                below = True
            elif not number and text.lstrip("rR").startswith(("'", '"')):
                start = node.end_line + 1
            elif text[:1].isidentifier() and "=" in text:
                names.append(text.partition("=")[0].partition(":")[0].strip())
        if not imports or imports[-1].end_line - imports[0].line >= _MAX_HEAD:
            return Head(start, (), tuple(names)) if not imports else None
        first, last = imports[0].line, imports[-1].end_line
        return Head(first, tuple(self.lines[first - 1 : last]), tuple(names))

    def definition(self, names: Iterable[str]) -> int | None:
        """The line that binds the last of ``names`` that can be found, each in the body of the one
        before; for a field of a serializer or schema, that of its getter."""
        scope: int | None = 0 if self.outline is not None else None
        line = None
        for name in names:
            if scope is None or self.outline is None:
                break
            wanted = (name, f"get_{name}", f"resolve_{name}")
            for at in self.outline.inside(scope):
                node = self.outline.node(at)
                defines = node.kind in (FUNCTION, CLASS)
                if any(bound in (wanted if defines else (name,)) for bound in node.names.split()):
                    scope, line = at, node.line
                    break
        return line

    def _chain(self, line: int, column: int | None) -> _Chain:
        """Nodes from the module down to the innermost that contains the position."""
        outline = self.outline
        if outline is None:
            return []
        return [(at, outline.node(at)) for at in outline.around(line, column)]

    def _to_comprehension(self, chain: _Chain, line: int) -> _Chain:
        """Without columns a line's first expression was taken; this goes to its comprehension."""
        while len(chain) > 1 and chain[-1][1].kind not in STATEMENTS:
            chain.pop()
        outline = self.outline
        if outline is None:
            return chain
        for at in outline.walk(chain[-1][0]):
            node = outline.node(at)
            if node.kind == COMPREHENSION and node.contains(line, None):
                return [*chain, (at, node)]
        return chain

    def _loop(
        self, chain: _Chain, line: int, column: int | None, comprehension: bool
    ) -> Loop | None:
        outline = self.outline
        if outline is None:
            return None
        for position in range(len(chain) - 1, 0, -1):
            _, node = chain[position]
            inner = chain[position + 1][0] if position + 1 < len(chain) else None
            if node.kind == FOR:
                if node.body_first <= line <= node.body_end and inner != node.iterated:
                    return self._as_loop(node)
            elif node.kind == WHILE:
                return self._as_loop(node)
            elif node.kind == COMPREHENSION:
                known = column is not None and inner is not None
                if (
                    not outline.node(node.iterated).contains(line, column)
                    if known
                    else comprehension
                ):
                    return self._as_loop(node)
            elif node.kind in (FUNCTION, LAMBDA):
                return None
        return None

    def _called_loop(self, at: Position, first: int, last: int) -> Loop | None:
        """The loop that a call is, as ``map()``; ``first`` and ``last`` are its statement's."""
        if not may_loop(self.lines[first - 1 : last]):
            return None
        function = self.function(at.line)
        found = called_loop(function.lines, function.first_line, at) if function else None
        if found is None:
            return None
        return self._loop_of_lines(found.line, found.end_line, found.text)

    def _as_loop(self, node: Node) -> Loop:
        return self._loop_of_lines(node.line, node.end_line, node.text)

    def _loop_of_lines(self, line: int, end_line: int, text: str) -> Loop:
        short = end_line - line < _MAX_LOOP
        return Loop(line, text, tuple(self.lines[line - 1 : end_line]) if short else ())


@lru_cache(maxsize=128)
def source_file(filename: str) -> SourceFile:
    return SourceFile(filename)


def _qualified_name(chain: _Chain) -> str | None:
    names = [node.names for _, node in chain if node.kind in (FUNCTION, CLASS)]
    return ".".join(names) or None


def _statement_lines(chain: _Chain, line: int, end_line: int) -> tuple[int, int]:
    """First and last line of the innermost statement; of a compound one, only its header."""
    node = next((node for _, node in reversed(chain) if node.kind in STATEMENTS), None)
    if node is None:
        return line, end_line
    if node.body_line:
        return min(node.line, line), max(node.line, node.body_line - 1)
    return min(node.line, line), max(node.end_line, min(end_line, node.end_line))
