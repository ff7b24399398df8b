"""Writes for a list of values at a time: that one list happened to be short makes no row of it."""

from __future__ import annotations

import ast

from queryaudit.advice.source import read_source
from queryaudit.records.definitions import Frame

_WRITES = frozenset({"delete", "adelete", "update", "aupdate"})
_WRITTEN_OUT = (ast.List, ast.Tuple, ast.Set, ast.Constant)


def is_batch(frame: Frame) -> bool:
    """Whether ``....filter(pk__in=keys).delete()`` or the like stands there."""
    source = read_source(frame)
    if source is None:
        return False
    return any(
        _is_of_list(node)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and (span := source.span(node)) is not None
        and span.meets(source.focus)
        and _method(node) in _WRITES
    )


def _is_of_list(call: ast.Call) -> bool:
    """Whether one of the calls in the chain compares with a list that is not written out."""
    node: ast.expr = call
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call):
            if any(
                (keyword.arg or "").endswith("__in") and not isinstance(keyword.value, _WRITTEN_OUT)
                for keyword in node.keywords
            ):
                return True
            node = node.func
        else:
            node = node.value
    return False


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
