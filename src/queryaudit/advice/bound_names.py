"""Names that get their values inside a loop, so that code before it can't use them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from queryaudit.advice.loop_bodies import read_loop_tree
from queryaudit.advice.source import read_source
from queryaudit.records.definitions import Frame


def bound_in_loop(frame: Frame) -> frozenset[str]:
    """The names that the body of the loop around a frame gives values to, as far as it is known."""
    tree = read_loop_tree(frame)
    if tree is not None:
        return bound_by(statement for loop in tree.body for statement in getattr(loop, "body", ()))
    source = read_source(frame)
    if source is None or frame.loop_line is None:
        return frozenset()
    # Lines around the frame alone: those between the loop's header and the frame.
    first = source.first_line - 1 - source.shift
    inside = range(frame.loop_line + 1, (frame.end_line or frame.line) + 1)
    return frozenset(
        node.id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
        and node.lineno + first in inside
    )


def bound_by(nodes: Iterable[ast.AST]) -> frozenset[str]:
    return frozenset(
        part.id
        for node in nodes
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    )


def needs(code: Iterable[str], bound: frozenset[str]) -> bool:
    """Whether lines of code read one of the names without giving it a value themselves."""
    try:
        tree = ast.parse("\n".join(code))
    except (SyntaxError, ValueError, RecursionError):
        return True
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return bool((read - bound_by([tree])) & bound)
