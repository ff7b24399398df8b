"""Whether the lists that a function asks for are the same whenever it is called."""

from __future__ import annotations

import ast

from queryaudit.advice.function_source import FunctionSource

_SEVERAL = ("__in", "__range")


def has_fixed_lists(source: FunctionSource) -> bool:
    """``status__in=(OPEN, NEW)`` and no other list; False where none is to be seen."""
    parsed = source.parsed()
    if parsed is None:
        return False
    given = [
        node.value
        for node in ast.walk(parsed[1])
        if isinstance(node, ast.keyword) and (node.arg or "").endswith(_SEVERAL)
    ]
    return bool(given) and all(map(_is_fixed, given))


def _is_fixed(value: ast.expr) -> bool:
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return all(map(_is_fixed, value.elts))
    if isinstance(value, ast.Name | ast.Attribute):
        # Constants are written in capitals: `Ticket.OPEN_STATUSES`, `Status.OPEN`.
        return (value.id if isinstance(value, ast.Name) else value.attr).isupper()
    return isinstance(value, ast.Constant)
