"""Where the loops, functions and statements of a file are, as rows of numbers and words.

A syntax tree is tens of thousands of objects, and each of them costs whenever Python collects
garbage in the audited application. It is gone once its rows are written, and rows are nothing that
a collector looks at. Expressions in which nothing loops are left out: most of a tree.
"""

from __future__ import annotations

import ast
import gc
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate, chain
from typing import Any, NamedTuple

#: What a row stands for; not an enum, whose members a collector would look at.
OTHER, THROUGH, STATEMENT, FUNCTION, CLASS, FOR, WHILE, COMPREHENSION, LAMBDA = range(9)
#: The kinds that are statements.
STATEMENTS = frozenset({STATEMENT, FUNCTION, CLASS, FOR, WHILE})

_LOOPING = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: Expressions in which code runs repeatedly or later, and the words that they are written with.
_RUNNING, _WORDS = (*_LOOPING, ast.Lambda), re.compile(r"\b(?:for|lambda)\b")
_KINDS: dict[type[ast.AST], int] = {
    ast.FunctionDef: FUNCTION,
    ast.AsyncFunctionDef: FUNCTION,
    ast.ClassDef: CLASS,
    ast.For: FOR,
    ast.AsyncFor: FOR,
    ast.While: WHILE,
    **dict.fromkeys(_LOOPING, COMPREHENSION),
    ast.Lambda: LAMBDA,
}
#: Statements that have no others in them: most of a file.
_PLAIN = frozenset(
    {ast.Expr, ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Raise, ast.Assert,
     ast.Delete, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Pass, ast.Break,
     ast.Continue}
)  # fmt: skip
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)
#: Nodes without a place and without parts.
_LEAVES = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
_MAX_TEXT = 200
#: No column reaches it.
_NO_END = 1 << 30


class Node(NamedTuple):
    """A part of a file. One without a place of its own, as a function's arguments, has line 0."""

    kind: int
    #: Where its decorators begin.
    first: int
    line: int
    column: int
    end_line: int
    end_column: int
    #: What a function or class is called, or what a statement of a class's body binds, by spaces.
    names: str
    #: A loop's header, and the number of what it goes through.
    text: str
    iterated: int
    #: Of the statements in it: where the first one's decorators and where it itself begins, and
    #: where the last one ends.
    body_first: int
    body_line: int
    body_end: int

    def contains(self, line: int, column: int | None) -> bool:
        if not self.first <= line <= self.end_line:
            return False
        if column is None:
            return True
        if line == self.line and column < self.column:
            return False
        return not (line == self.end_line and column >= self.end_column)


class Outline:
    """The nodes of a file by number, each before those in it. Number 0 is the module."""

    __slots__ = ("_ends", "_placed", "_rows")

    def __init__(self, rows: list[tuple[Any, ...]], ends: list[int]) -> None:
        self._rows = rows
        #: For each row the first one behind all that are in it.
        self._ends = ends
        #: What was asked of ``placed``: the methods of a class again and again.
        self._placed: dict[int, tuple[int, ...]] = {}

    def node(self, number: int) -> Node:
        return Node._make(self._rows[number])

    def inside(self, number: int) -> Iterator[int]:
        """The nodes one level down."""
        at, end = number + 1, self._ends[number]
        while at < end:
            yield at
            at = self._ends[at]

    def placed(self, number: int) -> tuple[int, ...]:
        """The next nodes inwards that have a place."""
        found = self._placed.get(number)
        if found is None:
            inside = [
                self.placed(at) if self._rows[at][0] == THROUGH else (at,)
                for at in self.inside(number)
            ]
            found = self._placed[number] = tuple(chain.from_iterable(inside))
        return found

    def around(self, line: int, column: int | None) -> Iterator[int]:
        """The nodes that contain a position, from the module inwards."""
        rows = self._rows
        at: int | None = 0
        while at is not None:
            yield at
            for inner in self.placed(at):
                # A class may have hundreds of methods: nodes are made of few of their rows.
                row = rows[inner]
                if row[1] <= line <= row[4] and Node._make(row).contains(line, column):
                    at = inner
                    break
            else:
                at = None

    def walk(self, number: int) -> Iterator[int]:
        """A node and all in it, level by level."""
        todo = deque([number])
        while todo:
            at = todo.popleft()
            todo.extend(self.inside(at))
            yield at


def parse_outline(text: str) -> Outline:
    """The outline of ``text``. Raises as ``ast.parse`` does."""
    with _uncollected():
        return _outline(text)


@contextmanager
def _uncollected() -> Iterator[None]:
    """For many objects that come and are soon gone.

    A collector counts them as they come, and would look through all that the application keeps.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _outline(text: str) -> Outline:
    rows: list[tuple[Any, ...]] = []
    ends: list[int] = []
    #: Loops by the node that they go through.
    loops: dict[ast.AST, int] = {}
    running = _Running(text)
    # A stack, since Python's own is too short for long sums.
    todo: list[tuple[ast.AST, bool] | int] = [(ast.parse(text), False)]
    while todo:
        item = todo.pop()
        if isinstance(item, int):
            ends[item] = len(rows)
            continue
        node, whole = item
        number = len(rows)
        if type(node) in _PLAIN and not running.at(node):
            rows.append(_plain(node, whole))
            ends.append(number + 1)
            continue
        loop = loops.pop(node, None)
        if loop is not None:
            rows[loop] = tuple(Node._make(rows[loop])._replace(iterated=number))
        if isinstance(node, ast.For | ast.AsyncFor):
            loops[node.iter] = number
        elif isinstance(node, _LOOPING):
            loops[node.generators[0].iter] = number
        rows.append(_row(node, whole))
        ends.append(number + 1)
        parts = [*_parts(node, whole, running)]
        if parts:
            todo.append(number)
            todo += reversed(parts)
    return Outline(rows, ends)


def _parts(node: ast.AST, whole: bool, running: _Running) -> Iterator[tuple[ast.AST, bool]]:
    """What of a node stands in the outline: statements, what a loop goes through, and expressions
    in which code runs. Of these all parts do, and of what a class binds the names."""
    fields, quiet = node._fields, False
    if isinstance(node, ast.expr):
        if not whole:
            return
    elif isinstance(node, ast.stmt):
        whole, quiet = False, running.is_quiet(node)
    in_class = isinstance(node, ast.ClassDef)
    if in_class:
        # Where something may be in several, it is in the body.
        fields = ("body", "decorator_list", "bases", "keywords")
    for name in fields:
        value = getattr(node, name, None)
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, _BLOCKS):
                yield part, in_class
            elif isinstance(part, ast.AST) and not isinstance(part, _LEAVES):
                if quiet and name != "iter":
                    continue
                runs = whole or running.within(part)
                if runs or name == "iter":
                    yield part, runs


class _Running:
    """Finds expressions in which code runs repeatedly or later."""

    def __init__(self, text: str) -> None:
        found = [_WORDS.search(line) is not None for line in text.split("\n")]
        #: How many lines before each, and before the end, have such a word.
        self._before: list[int] = [0, *accumulate(found)]

    def at(self, node: Any) -> bool:
        """Whether such a word is on the lines of an expression or statement."""
        before = self._before
        words: int = before[node.end_lineno] - before[node.lineno - 1]
        return words > 0

    def is_quiet(self, node: ast.stmt) -> bool:
        """Whether none is on those of a statement before the first one in it ends."""
        body: list[ast.stmt] = getattr(node, "body", [])
        return bool(body) and self._before[body[0].lineno] == self._before[node.lineno - 1]

    def within(self, node: ast.AST) -> bool:
        if isinstance(node, ast.expr) and not self.at(node):
            return False
        return any(isinstance(each, _RUNNING) for each in ast.walk(node))


def _plain(node: Any, whole: bool) -> tuple[Any, ...]:
    """The row of a statement without parts."""
    line = node.lineno
    place = (STATEMENT, line, line, node.col_offset, node.end_lineno, node.end_col_offset)
    return (*place, _names(node, whole), "", 0, 0, 0, 0)


def _row(node: ast.AST, whole: bool) -> tuple[Any, ...]:
    line = getattr(node, "lineno", 0)
    if not line:
        return tuple(Node(THROUGH, 0, 0, 0, 0, 0, "", "", 0, 0, 0, 0))
    end_line = getattr(node, "end_lineno", None) or line
    column, end_column = -1, _NO_END
    if isinstance(node, ast.expr | ast.stmt):
        column, end_column = node.col_offset, node.end_col_offset or 0
    kind = _KINDS.get(type(node)) or (STATEMENT if isinstance(node, ast.stmt) else OTHER)
    body = getattr(node, "body", None)
    lines = (0, 0, 0)
    if isinstance(body, list) and body:
        lines = (_first(body[0]), body[0].lineno, body[-1].end_lineno or 0)
    place = (kind, _first(node), line, column, end_line, end_column)
    return (*place, _names(node, whole), _header(node), 0, *lines)


def _first(node: ast.AST) -> int:
    decorators = getattr(node, "decorator_list", None) or []
    lines: list[int] = [getattr(node, "lineno", 0), *(d.lineno for d in decorators)]
    return min(lines)


def _names(node: ast.AST, whole: bool) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    targets: list[ast.expr] = []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Assign) and whole:
        targets = node.targets
    return " ".join([target.id for target in targets if isinstance(target, ast.Name)])


def _header(node: ast.AST) -> str:
    if isinstance(node, ast.For | ast.AsyncFor):
        return loop_header(node.target, node.iter, is_async=isinstance(node, ast.AsyncFor))
    if isinstance(node, ast.While):
        return f"while {_text(node.test)}"
    if isinstance(node, _LOOPING):
        first = node.generators[0]
        return loop_header(first.target, first.iter, is_async=bool(first.is_async))
    return ""


def loop_header(target: ast.expr, iterable: ast.expr, *, is_async: bool) -> str:
    """A loop's header as it is shown, on one line."""
    return f"{'async ' if is_async else ''}for {_text(target)} in {_text(iterable)}"


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id[:_MAX_TEXT]
    try:
        return " ".join(ast.unparse(node).split())[:_MAX_TEXT]
    except RecursionError:
        return "..."
