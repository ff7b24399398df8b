"""Whether the source names a row by a constant, so that each run of the code means the same one."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from textwrap import dedent

from queryaudit.detectors.base import View
from queryaudit.detectors.places import function_of
from queryaudit.records.definitions import Frame
from queryaudit.sql.normalise import VALUE_KINDS
from queryaudit.sql.tokens import TokenKind, tokenise

_LOOKUPS = frozenset({"filter", "get", "aget", "get_or_create", "aget_or_create"})
_WRITES = frozenset({"save", "asave", "update", "aupdate"})
_LITERALS = VALUE_KINDS & {TokenKind.STRING, TokenKind.NUMBER}


def is_constant_row(frame: Frame, text: str, view: View) -> bool:
    """Whether the UPDATE at ``frame``, with the SQL ``text``, always writes to the same row."""
    if _is_literal(text):
        return True
    function = function_of(frame, view.tables)
    lines: Sequence[str] = frame.snippet if function is None else function.lines
    first = (frame.snippet_line if function is None else function.first_line) or frame.line
    try:
        tree = ast.parse(dedent("\n".join(lines)))
    except (SyntaxError, ValueError, RecursionError):
        return False
    line = frame.line - first + 1
    call = next((node for node in ast.walk(tree) if _is_write(node, line)), None)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    receiver = call.func.value
    if isinstance(receiver, ast.Name):
        assigned = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and node.lineno < line
            and any(isinstance(t, ast.Name) and t.id == receiver.id for t in node.targets)
        ]
        return len(assigned) == 1 and _is_looked_up(assigned[0])
    return _is_looked_up(receiver)


def _is_literal(text: str) -> bool:
    """``WHERE id = 1`` in SQL that somebody wrote."""
    tokens, _ = tokenise(text.partition(" WHERE ")[2])
    values = [token.kind for token in tokens if token.kind in VALUE_KINDS]
    return len(values) == 1 and values[0] in _LITERALS


def _is_write(node: ast.AST, line: int) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _WRITES
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    )


def _is_looked_up(chain: ast.expr) -> bool:
    """``Counter.objects.filter(name="orders")``: by constants, and nothing else."""
    found: list[ast.expr] = []
    node: ast.expr = chain.value if isinstance(chain, ast.Await) else chain
    while isinstance(node, (ast.Call, ast.Attribute)):
        if isinstance(node, ast.Call):
            method = getattr(node.func, "attr", "")
            if method in _LOOKUPS:
                found += [*node.args, *(k.value for k in node.keywords if k.arg != "defaults")]
            node = node.func
        else:
            node = node.value
    return bool(found) and all(_is_constant(value) for value in found)


def _is_constant(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.Attribute):
        return value.attr.isupper()  # Counter.ORDERS, settings.STATS_ID
    return isinstance(value, ast.Name) and value.id.isupper()
