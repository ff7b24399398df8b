"""Hand-written SQL that asks for one value, rewritten to ask for all of a loop's."""

from __future__ import annotations

import ast
import re

from queryaudit.advice.arguments import code_of, quote
from queryaudit.advice.chains import find_chains
from queryaudit.advice.loops import Loop
from queryaudit.advice.source import Source

_EXECUTING = frozenset({"execute", "raw"})
_EQUAL = re.compile(r"=\s*%s")


def batched_sql(source: Source, loop: Loop, *, arrays: bool) -> str | None:
    """``execute("... = %s", [x])`` as ``execute("... = ANY(%s)", [[..]])``, or with a placeholder
    for each value where the database takes no ``arrays``; None if unclear."""
    for chain in find_chains(source):
        if not chain.span.meets(source.focus):
            continue
        for link in chain.links:
            if link.name in _EXECUTING and link.call is not None:
                return _batched(link.call, loop, arrays)
    return None


def _batched(call: ast.Call, loop: Loop, arrays: bool) -> str | None:
    if len(call.args) != 2 or call.keywords:
        return None
    sql, parameters = call.args
    if not isinstance(sql, ast.Constant) or not isinstance(sql.value, str):
        return None
    if not isinstance(parameters, ast.List | ast.Tuple) or len(parameters.elts) != 1:
        return None
    if sql.value.count("%s") != 1 or not loop.changes(parameters.elts[0]):
        return None
    text = " ".join(sql.value.split())
    if not _EQUAL.search(text):
        return None
    values: ast.expr = ast.Call(ast.Name("list"), [loop.iterable], [])
    if ast.dump(parameters.elts[0]) != ast.dump(_as_value(loop.target)):
        generator = ast.comprehension(loop.target, loop.iterable, [], 0)
        values = ast.ListComp(parameters.elts[0], [generator])
    if arrays:
        one = ast.Constant(_EQUAL.sub("= ANY(%s)", text))
        return code_of(ast.Call(call.func, [one, ast.List([values])], []))
    listed = _EQUAL.sub("IN ({marks})", text.replace("{", "{{").replace("}", "}}"))
    return (
        f"values = {code_of(values)}\n"
        'marks = ", ".join(["%s"] * len(values))\n'
        f"{code_of(call.func)}(f{quote(listed)}, values)"
    )


def _as_value(target: ast.expr) -> ast.expr:
    return ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else target
