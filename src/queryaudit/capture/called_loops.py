"""Loops that stand in a call: ``map(lambda ..)``, ``sorted(rows, key=..)``, ``gather(*[..])``.

The call asks again and again, and no ``for`` stands around it. Read only where a call's lines
have one of these words, and only for sites that turned out to matter.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from queryaudit.capture.outline import loop_header

#: Lines without any of these have no such loop.
_WORDS = re.compile(r"(?<![.\w])(?:map|filter|sorted|min|max)\(|\bgather\(|\.sort\(")
_MAPPING = frozenset({"map", "filter"})
_ORDERING = frozenset({"sorted", "min", "max"})
#: What goes through all that it is given, at once.
_CONSUMING = frozenset(
    {"list", "tuple", "set", "frozenset", "dict", "sum", "any", "all", "join", *_ORDERING}
)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)


class CalledLoop(NamedTuple):
    """The header as it would be written for a loop, and the lines on which all of it stands."""

    line: int
    end_line: int
    text: str


class Position(NamedTuple):
    line: int
    column: int | None
    end: tuple[int, int] | None
    anonymous: bool  #: a lambda's own code runs there


def may_loop(lines: Sequence[str]) -> bool:
    return any(_WORDS.search(line) for line in lines)


def called_loop(lines: Sequence[str], first_line: int, at: Position) -> CalledLoop | None:
    """The loop of the call ``at`` a position of a function, or around the lambda there."""
    # Columns stay what they are below a header of our own.
    header = "if 1:" if lines[0][:1].isspace() else ""
    try:
        tree = ast.parse("\n".join((header, *lines)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    ast.increment_lineno(tree, first_line - 2)
    if at.anonymous:
        return _of_lambda(tree, at)
    calls = [node for node in _calls(tree) if _begins(node, at)]
    if at.column is None:
        # It may be any call of the line that this frame makes itself.
        later = _later(tree)
        found = {_of_call(call, tree) for call in calls if call not in later}
        return found.pop() if len(found) == 1 else None
    # `list(..).x()` begins where `list(..)` does.
    call = next((call for call in calls if _end(call) == at.end), None)
    return _of_call(call, tree) if call is not None else None


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _later(tree: ast.AST) -> frozenset[ast.AST]:
    """What runs in frames of its own, as comprehensions do where columns are unknown."""
    inner = [
        node.body if isinstance(node, ast.Lambda) else node.elt
        for node in ast.walk(tree)
        if isinstance(node, (ast.Lambda, *_COMPREHENSIONS))
    ]
    return frozenset(node for part in inner for node in ast.walk(part))


def _begins(node: ast.expr, at: Position) -> bool:
    return node.lineno == at.line and at.column in (None, node.col_offset)


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or 0


def _of_lambda(tree: ast.AST, at: Position) -> CalledLoop | None:
    around = [
        node for node in ast.walk(tree) if isinstance(node, ast.Lambda) and _contains(node, at)
    ]
    if not around or (at.column is None and len(around) > 1):
        return None
    innermost = around[-1]
    for call in _calls(tree):
        name = _name(call)
        if name in _MAPPING and call.args and call.args[0] is innermost:
            return _mapped(call)
        if any(word.arg == "key" and word.value is innermost for word in call.keywords):
            if name in _ORDERING and len(call.args) == 1:
                return _loop(call, _target(innermost), call.args[0])
            if name == "sort" and isinstance(call.func, ast.Attribute):
                return _loop(call, _target(innermost), call.func.value)
    return None


def _contains(node: ast.expr, at: Position) -> bool:
    if at.column is None:
        return node.lineno <= at.line <= _end(node)[0]
    return (node.lineno, node.col_offset) <= (at.line, at.column) < _end(node)


def _of_call(call: ast.Call, tree: ast.AST) -> CalledLoop | None:
    name = _name(call)
    if name in _MAPPING:
        return _mapped(call)  # a loop's header goes on with it
    if name == "gather":
        stars = [arg.value for arg in call.args if isinstance(arg, ast.Starred)]
        return _gathered(stars[0], tree) if len(stars) == 1 else None
    if name in _CONSUMING and len(call.args) == 1:
        inner = call.args[0]
        if isinstance(inner, ast.Call) and _name(inner) in _MAPPING:
            return _mapped(inner)
    return None


def _gathered(given: ast.expr, tree: ast.AST) -> CalledLoop | None:
    """What made all that is awaited together, where that can be seen."""
    if isinstance(given, ast.Name):
        return _collected(given.id, tree)
    if isinstance(given, ast.Call) and _name(given) in _MAPPING:
        return _mapped(given)
    return _comprehended(given)


def _comprehended(node: ast.expr) -> CalledLoop | None:
    if not isinstance(node, _COMPREHENSIONS):
        return None
    first = node.generators[0]
    return _loop(node, first.target, first.iter, is_async=bool(first.is_async))


def _collected(name: str, tree: ast.AST) -> CalledLoop | None:
    """The only comprehension or loop that fills a list."""
    found: list[CalledLoop | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            empty = isinstance(node.value, ast.List) and not node.value.elts
            if any(_is(target, name) for target in targets) and not empty:
                found.append(_comprehended(node.value))
        elif isinstance(node, ast.For | ast.AsyncFor) and _fills(node, name):
            is_async = isinstance(node, ast.AsyncFor)
            found.append(_loop(node, node.target, node.iter, is_async=is_async))
    return found[0] if len(found) == 1 else None


def _fills(loop: ast.For | ast.AsyncFor, name: str) -> bool:
    """Whether rounds append to a list."""
    called = (call.func for part in loop.body for call in _calls(part))
    return any(
        isinstance(func, ast.Attribute) and func.attr == "append" and _is(func.value, name)
        for func in called
    )


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _mapped(call: ast.Call) -> CalledLoop | None:
    if len(call.args) < 2:
        return None
    function, *iterables = call.args
    target = _target(function)
    if len(iterables) == 1:
        return _loop(call, target, iterables[0])
    zipped = ast.Call(ast.Name("zip", ast.Load()), iterables, [])
    return _loop(call, target, zipped)


def _target(function: ast.expr) -> ast.expr:
    """What a lambda calls what it gets; any other function's names stand elsewhere."""
    names = [arg.arg for arg in function.args.args] if isinstance(function, ast.Lambda) else []
    targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names or ["item"]]
    return targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr if call.func.attr in ("gather", "sort", "join") else ""
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _loop(
    node: ast.expr | ast.stmt, target: ast.expr, iterable: ast.expr, *, is_async: bool = False
) -> CalledLoop:
    end_line = node.end_lineno or node.lineno
    return CalledLoop(node.lineno, end_line, loop_header(target, iterable, is_async=is_async))
