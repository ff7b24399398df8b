"""Which row a call names by constants in the source: ``filter(pk=1)``, ``create(name="x")``."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence

from queryaudit.locking.locks import Constants
from queryaudit.locking.schema import Table
from queryaudit.records.definitions import Frame

_NAMING = frozenset({"filter", "get", "create", "get_or_create", "update_or_create"})


def named_row(frame: Frame, table: Table | None) -> Constants:
    """Columns of ``table`` with their values, as SQL would write them; empty if none is known."""
    if table is None:
        return ()
    found = {}
    for name, value in _keywords(call_at(frame)):
        column = _column(name, table)
        if column:
            found[column] = value
    return tuple(sorted(found.items()))


def call_at(frame: Frame) -> ast.expr | None:
    """The expression of the statement at a frame's line, if its source is known."""
    if frame.snippet_line is None:
        return None
    return _call(frame.snippet[frame.line - frame.snippet_line :])


def _call(lines: Sequence[str]) -> ast.expr | None:
    """The expression of the statement that begins with these lines."""
    for end in range(1, len(lines) + 1):
        text = textwrap.dedent("\n".join(lines[:end]))
        for completed in (text, f"{text}\n    pass"):
            try:
                [statement, *_] = ast.parse(completed).body
            except (SyntaxError, ValueError, RecursionError):
                continue
            for attribute in ("value", "iter", "test"):
                found = getattr(statement, attribute, None)
                if isinstance(found, ast.expr):
                    return found
            return None
    return None


def _keywords(node: ast.expr | None) -> Iterator[tuple[str, str]]:
    while isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name) and len(node.args) == 1:
            node = node.args[0]  # list(..)
            continue
        if not isinstance(function, ast.Attribute):
            return
        if function.attr in _NAMING:
            for keyword in node.keywords:
                if keyword.arg and isinstance(keyword.value, ast.Constant):
                    value = keyword.value.value
                    if isinstance(value, (int, str)) and not isinstance(value, bool):
                        yield keyword.arg, _literal(value)
        node = function.value


def _literal(value: int | str) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _column(name: str, table: Table) -> str:
    if name == "pk":
        return table.primary
    return next((n for n in (name, f"{name}_id") if n in table.columns), "")
