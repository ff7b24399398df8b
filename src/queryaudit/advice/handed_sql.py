"""Functions that hand on the SQL text that they are given."""

from __future__ import annotations

import ast
from functools import lru_cache

from queryaudit.advice.bound_names import bound_by
from queryaudit.advice.function_source import FunctionSource

_TAKING = frozenset({"execute", "executemany", "raw"})


@lru_cache(maxsize=512)
def hands_on(first_line: int, lines: tuple[str, ...], line: int) -> bool:
    """Whether the function's call at ``line`` takes its text, as it is, from the function's
    arguments."""
    source = FunctionSource(first_line, lines)
    parsed = source.parsed()
    if parsed is None:
        return False
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    function = next((n for n in ast.walk(parsed[1]) if isinstance(n, functions)), None)
    if function is None:
        return False
    arguments = function.args
    given = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    given -= bound_by(function.body)
    here = source.lines_at(line, line)
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _TAKING
        and node.lineno <= here[0] <= (node.end_lineno or node.lineno)
        and bool(node.args)
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id in given
        for node in ast.walk(function)
    )
