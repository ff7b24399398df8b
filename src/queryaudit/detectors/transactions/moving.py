"""How a call that stands in a transaction reads once it is done after the commit."""

from __future__ import annotations

import ast

from queryaudit.records.definitions import Frame

_LONGEST = 400


def call_text(frame: Frame) -> str | None:
    """The call's source, if it is a statement of its own: nobody uses what it returns."""
    if frame.snippet_line is None or frame.end_line is None:
        return None
    lines = frame.snippet[frame.line - frame.snippet_line : frame.end_line - frame.snippet_line + 1]
    text = "\n".join(lines).strip()
    if not lines or len(text) > _LONGEST:
        return None
    try:
        [statement] = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return text
    return None


def after_commit(text: str) -> str:
    """``f(a, b=c)`` as ``transaction.on_commit(partial(f, a, b=c))``: arguments are read now."""
    [statement] = ast.parse(text).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    call = statement.value
    function, *arguments = [
        ast.get_source_segment(text, node) or "" for node in (call.func, *call.args)
    ]
    for keyword in call.keywords:
        value = ast.get_source_segment(text, keyword.value) or ""
        arguments.append(f"{keyword.arg}={value}" if keyword.arg else f"**{value}")
    if not arguments:
        return f"transaction.on_commit({function})"
    return f"transaction.on_commit(partial({', '.join([function, *arguments])}))"
