"""Reads source files to say in which loop and statement a call stands.

Used once for each distinct call site that turned out to matter, never on the hot path.
"""

from __future__ import annotations

import ast
import linecache
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from queryaudit.capture.outline import parse_outline

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CONTEXT_LINES = 2
_MAX_SNIPPET = 60
_MAX_LOOP = 40
_MAX_FUNCTION = 150


class Loop(NamedTuple):
    line: int
    text: str
    source: tuple[str, ...]  #: all its lines; empty if they are many


class Function(NamedTuple):
    name: str
    first_line: int
    lines: tuple[str, ...]
    decorators: tuple[str, ...]


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
            self.tree: ast.Module | None = parse_outline("\n".join(self.lines))
        except (SyntaxError, ValueError, RecursionError):
            self.tree = None

    def place(
        self, line: int, column: int | None, end_line: int | None, comprehension: bool
    ) -> Place:
        """Function, loop and statement around a position.

        ``comprehension`` says that the running frame is a comprehension's own (before
        Python 3.12), which is a loop even where no column is known.
        """
        chain = self._chain(line, column)
        if comprehension and column is None:
            chain = _to_comprehension(chain, line)
        first, last = _statement_lines(chain, line, end_line or line)
        start = max(1, first - _CONTEXT_LINES)
        stop = min(len(self.lines), last + _CONTEXT_LINES, start + _MAX_SNIPPET)
        return Place(
            function=_qualified_name(chain),
            loop=self._loop(chain, line, column, comprehension),
            snippet_line=start,
            snippet=tuple(self.lines[start - 1 : stop]),
        )

    def function(self, line: int) -> Function | None:
        """The innermost ``def`` around a line, unless it is long."""
        for node in reversed(self._chain(line, None)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                end = node.end_lineno or node.lineno
                if end - node.lineno >= _MAX_FUNCTION:
                    return None
                lines = tuple(self.lines[node.lineno - 1 : end])
                return Function(node.name, node.lineno, lines, self._decorators(node.lineno))
        return None

    def _decorators(self, line: int) -> tuple[str, ...]:
        """Those of one line each, above the line of a ``def``."""
        found: list[str] = []
        while line > 1 and (text := self.lines[line - 2].strip()).startswith("@"):
            found.append(text[1:])
            line -= 1
        return tuple(reversed(found))

    def _chain(self, line: int, column: int | None) -> list[ast.AST]:
        """Nodes from the module down to the innermost that contains the position."""
        if self.tree is None:
            return []
        chain: list[ast.AST] = [self.tree]
        node: ast.AST | None = self.tree
        while node is not None:
            node = next((c for c in _near(node, line) if _contains(c, line, column)), None)
            if node is not None:
                chain.append(node)
        return chain

    def _loop(
        self, chain: list[ast.AST], line: int, column: int | None, comprehension: bool
    ) -> Loop | None:
        for position in range(len(chain) - 1, 0, -1):
            node = chain[position]
            inner = chain[position + 1] if position + 1 < len(chain) else None
            if isinstance(node, (ast.For, ast.AsyncFor)):
                if _within(node.body, line) and inner is not node.iter:
                    return self._header(node, "for", node.target, node.iter)
            elif isinstance(node, ast.While):
                return Loop(node.lineno, f"while {self._text(node.test)}", self._lines(node))
            elif isinstance(node, _COMPREHENSIONS):
                first = node.generators[0]
                known = column is not None and inner is not None
                if (known and not _contains(first.iter, line, column)) or (
                    not known and comprehension
                ):
                    return self._header(node, "for", first.target, first.iter)
            elif isinstance(node, _FUNCTIONS):
                return None
        return None

    def _header(self, node: ast.expr | ast.stmt, word: str, target: ast.expr, it: ast.expr) -> Loop:
        text = f"{word} {self._text(target)} in {self._text(it)}"
        return Loop(node.lineno, text, self._lines(node))

    def _lines(self, node: ast.expr | ast.stmt) -> tuple[str, ...]:
        end = node.end_lineno or node.lineno
        return tuple(self.lines[node.lineno - 1 : end]) if end - node.lineno < _MAX_LOOP else ()

    def _text(self, node: ast.expr) -> str:
        return " ".join(ast.unparse(node).split())[:200]


@lru_cache(maxsize=128)
def source_file(filename: str) -> SourceFile:
    return SourceFile(filename)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if hasattr(child, "lineno"):
            yield child
        else:
            yield from _children(child)


def _to_comprehension(chain: list[ast.AST], line: int) -> list[ast.AST]:
    """Without columns a line's first expression was taken; this goes to its comprehension."""
    while len(chain) > 1 and not isinstance(chain[-1], ast.stmt):
        chain.pop()
    for node in ast.walk(chain[-1]) if chain else ():
        if isinstance(node, _COMPREHENSIONS) and _contains(node, line, None):
            return [*chain, node]
    return chain


def _near(node: ast.AST, line: int) -> Iterator[ast.AST]:
    """The children of a node, those of long bodies only from where ``line`` can be reached."""
    if not isinstance(node, ast.Module | ast.ClassDef):
        yield from _children(node)
        return
    for at in range(bisect_left(node.body, line, key=_last_line), len(node.body)):
        statement = node.body[at]
        if _first_line(statement) > line:
            break
        yield statement
    if isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *node.keywords)


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _contains(node: ast.AST, line: int, column: int | None) -> bool:
    first, last = _first_line(node), getattr(node, "end_lineno", None) or _first_line(node)
    if not first <= line <= last:
        return False
    if column is None or not isinstance(node, (ast.expr, ast.stmt)):
        return True
    if line == node.lineno and column < node.col_offset:
        return False
    return not (line == last and column >= (node.end_col_offset or 0))


def _first_line(node: ast.AST) -> int:
    decorators = getattr(node, "decorator_list", None) or []
    lines: list[int] = [getattr(node, "lineno", 0), *(d.lineno for d in decorators)]
    return min(lines)


def _within(body: list[ast.stmt], line: int) -> bool:
    return bool(body) and _first_line(body[0]) <= line <= (body[-1].end_lineno or 0)


def _qualified_name(chain: list[ast.AST]) -> str | None:
    names = [
        node.name
        for node in chain
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ]
    return ".".join(names) or None


def _statement_lines(chain: list[ast.AST], line: int, end_line: int) -> tuple[int, int]:
    """First and last line of the innermost statement; of a compound one, only its header."""
    statements = [node for node in chain if isinstance(node, ast.stmt)]
    if not statements:
        return line, end_line
    node = statements[-1]
    first, last = node.lineno, node.end_lineno or end_line
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        last = max(first, body[0].lineno - 1)
        return min(first, line), last
    return min(first, line), max(last, min(end_line, node.end_lineno or end_line))
