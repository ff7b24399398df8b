"""What the source says about a value that is written back: read, computed, stored as it is."""

from __future__ import annotations

import ast
from typing import NamedTuple

from queryaudit.records.definitions import Frame

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_SAVES = frozenset({"save", "asave"})


class Computed(NamedTuple):
    """``variable.attribute``, computed from its own value and saved."""

    variable: str
    attribute: str
    change: str  #: ``- quantity``, if it is that simple


def computed(frame: Frame) -> list[Computed]:
    """Attributes computed from themselves in the lines before ``variable.save()``."""
    if frame.snippet_line is None:
        return []
    at = frame.line - frame.snippet_line
    lines = [line.strip() for line in frame.snippet]
    if not 0 <= at < len(lines):
        return []
    variable = _saved(lines[at])
    if variable is None:
        return []
    found = [_change(line, variable) for line in lines[:at]]
    return [one for one in found if one is not None]


def _saved(line: str) -> str | None:
    """``book`` for ``book.save(...)``; the call may go on in further lines."""
    head = line.removeprefix("await ").partition("(")[0]
    name, _, method = head.rpartition(".")
    return name if method in _SAVES and name.isidentifier() and name != "self" else None


def _change(line: str, variable: str) -> Computed | None:
    try:
        [statement] = ast.parse(line).body
    except (SyntaxError, ValueError):
        return None
    if isinstance(statement, ast.AugAssign) and _is_of(statement.target, variable):
        value, operator = statement.value, _OPERATORS.get(type(statement.op))
        if operator is None or _asks_database(value):
            return None
        assert isinstance(statement.target, ast.Attribute)
        return Computed(variable, statement.target.attr, f"{operator} {ast.unparse(value)}")
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
        if not _is_of(target, variable) or not isinstance(value, ast.BinOp):
            return None
        assert isinstance(target, ast.Attribute)
        operator = _OPERATORS.get(type(value.op))
        own = (
            ast.dump(ast.Attribute(value.left.value, target.attr, ast.Load()))
            if isinstance(value.left, ast.Attribute)
            else ""
        )
        if operator is None or ast.dump(value.left) != own or not _is_of(value.left, variable):
            return None
        return Computed(variable, target.attr, f"{operator} {ast.unparse(value.right)}")
    return None


def _is_of(node: ast.expr, variable: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == variable
    )


def _asks_database(value: ast.expr) -> bool:
    """``F("stock")``: then the database computes."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "F"
        for node in ast.walk(value)
    )
