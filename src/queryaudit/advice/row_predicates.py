"""Conditions and expressions on one row in Python, as the database would have them.

Only what means the same in both: attributes that are columns, compared with what is no part of the
row. Everything else is not translated.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

_LOOKUPS: dict[type[ast.cmpop], str] = {
    ast.Eq: "",
    ast.Gt: "__gt",
    ast.GtE: "__gte",
    ast.Lt: "__lt",
    ast.LtE: "__lte",
    ast.In: "__in",
}
_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
}
_METHODS = {"startswith": "__startswith", "endswith": "__endswith"}
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
#: Columns that the database compares by a collation.
TEXT = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField"})


@dataclass(frozen=True, slots=True)
class Row:
    """The variable that stands for a row, and the kinds of its columns by attribute name."""

    name: str
    columns: Mapping[str, str]

    def column(self, node: ast.expr) -> str | None:
        """``title`` for ``book.title``."""
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            return None
        return node.attr if node.value.id == self.name and node.attr in self.columns else None

    def is_free_of(self, node: ast.expr) -> bool:
        """Whether a value does not depend on the row."""
        return not any(isinstance(n, ast.Name) and n.id == self.name for n in ast.walk(node))


def calls_for(test: ast.expr, row: Row) -> tuple[str, ...] | None:
    """``.filter(stock__gt=5)`` for ``book.stock > 5``; None if it can't be said for certain."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    filters: list[str] = []
    excludes: list[str] = []
    for part in parts:
        found = _lookup(part, row)
        if found is None:
            return None
        (excludes if found[0] else filters).append(found[1])
    calls = [f".filter({', '.join(filters)})"] if filters else []
    return (*calls, *(f".exclude({one})" for one in excludes))


def _lookup(test: ast.expr, row: Row) -> tuple[bool, str] | None:
    """Whether it excludes, and the keyword argument."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _flag(test.operand, row, "False")
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _comparison(test.left, test.ops[0], test.comparators[0], row)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute):
        return _method(test, test.func, row)
    return _flag(test, row, "True")


def _method(call: ast.Call, function: ast.Attribute, row: Row) -> tuple[bool, str] | None:
    column, lookup = row.column(function.value), _METHODS.get(function.attr)
    if column is None or lookup is None or row.columns[column] not in TEXT:
        return None
    if len(call.args) != 1 or call.keywords or not row.is_free_of(call.args[0]):
        return None
    return False, f"{column}{lookup}={ast.unparse(call.args[0])}"


def _flag(test: ast.expr, row: Row, value: str) -> tuple[bool, str] | None:
    column = row.column(test)
    if column is None or row.columns[column] != "BooleanField":
        return None
    return False, f"{column}={value}"


def _comparison(
    left: ast.expr, op: ast.cmpop, right: ast.expr, row: Row
) -> tuple[bool, str] | None:
    column, value, kind = row.column(left), right, type(op)
    if column is None and type(op) in _MIRRORED:
        column, value, kind = row.column(right), left, _MIRRORED[type(op)]
    if column is None or not row.is_free_of(value):
        return None
    if isinstance(value, ast.Constant) and value.value is None:
        if kind in (ast.Is, ast.Eq):
            return False, f"{column}__isnull=True"
        return (False, f"{column}__isnull=False") if kind in (ast.IsNot, ast.NotEq) else None
    if kind is ast.NotEq:
        return True, f"{column}={ast.unparse(value)}"
    lookup = _LOOKUPS.get(kind)
    if lookup is None or (row.columns[column] in TEXT and kind not in (ast.Eq, ast.In)):
        return None  # the database sorts text by a collation of its own
    return False, f"{column}{lookup}={ast.unparse(value)}"


def expression(node: ast.expr, row: Row) -> str | None:
    """``"price"`` for ``book.price``, ``F("price") * F("stock")`` for a product of columns."""
    column = row.column(node)
    if column is not None:
        return f'"{column}"'
    return _arithmetic(node, row)


def _arithmetic(node: ast.expr, row: Row) -> str | None:
    column = row.column(node)
    if column is not None:
        return f'F("{column}")'
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = _arithmetic(node.left, row), _arithmetic(node.right, row)
        if left is not None and right is not None:
            return f"{left} {_ARITHMETIC[type(node.op)]} {right}"
    return None
