"""Hand-written SQL that asks for one value, rewritten to ask for all of a loop's."""

from __future__ import annotations

import ast
import re

from queryaudit.advice.chains import find_chains
from queryaudit.advice.loops import Loop
from queryaudit.advice.source import Source

_EXECUTING = frozenset({"execute", "raw"})
_EQUAL = re.compile(r"=\s*%s")


def batched_sql(source: Source, loop: Loop) -> ast.Call | None:
    """``execute("... = %s", [x])`` as ``execute("... = ANY(%s)", [[..]])``; None if unclear."""
    for chain in find_chains(source):
        if not chain.span.meets(source.focus):
            continue
        for link in chain.links:
            if link.name in _EXECUTING and link.call is not None:
                return _batched(link.call, loop)
    return None


def _batched(call: ast.Call, loop: Loop) -> ast.Call | None:
    if len(call.args) != 2 or call.keywords:
        return None
    sql, parameters = call.args
    if not isinstance(sql, ast.Constant) or not isinstance(sql.value, str):
        return None
    if not isinstance(parameters, ast.List | ast.Tuple) or len(parameters.elts) != 1:
        return None
    if sql.value.count("%s") != 1 or not loop.changes(parameters.elts[0]):
        return None
    text, replaced = _EQUAL.subn("= ANY(%s)", " ".join(sql.value.split()))
    if not replaced:
        return None
    values: ast.expr = ast.Call(ast.Name("list"), [loop.iterable], [])
    if ast.dump(parameters.elts[0]) != ast.dump(_as_value(loop.target)):
        generator = ast.comprehension(loop.target, loop.iterable, [], 0)
        values = ast.ListComp(parameters.elts[0], [generator])
    return ast.Call(call.func, [ast.Constant(text), ast.List([values])], [])


def _as_value(target: ast.expr) -> ast.expr:
    return ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else target
