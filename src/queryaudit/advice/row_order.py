"""Rows that are sorted in Python for the first few, or gone through to find one."""

from __future__ import annotations

import ast

from queryaudit.advice.row_predicates import TEXT, Row
from queryaudit.advice.row_uses import RowUse, UseKind
from queryaudit.advice.rows_in_source import RowsInSource, called, calls_of, method

_KEYS = frozenset({"pk", "id"})
_SELECTING = frozenset({"values", "dates", "datetimes", "raw", "union"})


def searched(source: RowsInSource, node: ast.Compare, rows: ast.expr) -> RowUse | None:
    """``book in Book.objects.all()``"""
    chain = source.chain(rows)
    if chain is None or not isinstance(node.left, ast.Name | ast.Attribute):
        return None
    value = source.said(node.left)
    last = calls_of(chain)[0]
    made = {method(call) for call in calls_of(chain)}
    if made & _SELECTING:
        return None
    if "values_list" not in made:
        word = value.rpartition(".")[2]
        if word in _KEYS or word.endswith("_id"):
            return None
        call = f".contains({value})"
        return RowUse(UseKind.SEARCH, source.said(node), (call,))
    match last:
        case ast.Call(
            args=[ast.Constant(value=str(column))],
            keywords=[ast.keyword(arg="flat", value=ast.Constant(value=True))],
        ) if method(last) == "values_list" and isinstance(last.func, ast.Attribute):
            queryset = source.said(last.func.value).removesuffix(".all()")
            calls = (f".filter({column}={value})", ".exists()")
            return RowUse(UseKind.SEARCH, source.said(node), calls, queryset=queryset)
        case _:
            return None


def ordered(source: RowsInSource, node: ast.AST) -> RowUse | None:
    if isinstance(node, ast.Subscript):
        return _cut(source, node)
    if not isinstance(node, ast.Call):
        return None
    keywords = {k.arg: k.value for k in node.keywords}
    key = keywords.get("key")
    columns = _columns(source, key) if key is not None else None
    if columns is None or len(node.args) != 1:
        return None
    if called(node) == "sorted":
        return _sorted(source, node, keywords, columns)
    if not keywords.keys() <= {"key", "default"}:
        return None
    order = columns if called(node) == "min" else [_reversed(column) for column in columns]
    return RowUse(UseKind.ORDER, source.said(node), (_order_by(order), ".first()"))


def _sorted(
    source: RowsInSource, node: ast.Call, keywords: dict[str | None, ast.expr], columns: list[str]
) -> RowUse | None:
    match keywords.get("reverse"):
        case None | ast.Constant(value=False):
            order = columns
        case ast.Constant(value=True):
            order = [_reversed(column) for column in columns]
        case _:
            return None
    outer = source.parents.get(node)
    if not isinstance(outer, ast.Subscript) or outer.value is not node:
        return None
    match outer.slice:
        case ast.Slice(lower=None, upper=ast.expr() as upper, step=None) if _is_plain(upper):
            ending = f"[:{source.said(upper)}]"
        case ast.Constant(value=0):
            ending = "[0]"
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            order, ending = [_reversed(column) for column in order], "[0]"
        case _:
            return None
    return RowUse(UseKind.ORDER, source.said(outer), (_order_by(order), ending))


def _cut(source: RowsInSource, node: ast.Subscript) -> RowUse | None:
    """``list(queryset)[:5]`` and ``list(queryset)[0]``"""
    match node.slice:
        case ast.Slice(lower=None, upper=ast.expr() as upper, step=None) if _is_plain(upper):
            return RowUse(UseKind.ORDER, source.said(node), (f"[:{source.said(upper)}]",))
        case ast.Constant(value=0):
            return RowUse(UseKind.FIRST, source.said(node), ("[0]",))
        case _:
            return None


def _is_plain(upper: ast.expr) -> bool:
    """Not a number that counts from the end."""
    if isinstance(upper, ast.Constant):
        return isinstance(upper.value, int)
    return isinstance(upper, ast.Name | ast.Attribute)


def _columns(source: RowsInSource, key: ast.expr) -> list[str] | None:
    """What rows are sorted by, as ``order_by`` has it."""
    match key:
        case ast.Lambda(args=ast.arguments(args=[row]), body=body):
            parts = body.elts if isinstance(body, ast.Tuple) else [body]
            found = [_column(Row(row.arg, source.columns), part) for part in parts]
            return [name for name in found if name is not None] if None not in found else None
        case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
            function = called(key) or method(key)
            known = function == "attrgetter" and source.columns.get(name)
            return [name] if known and known not in TEXT else None
        case _:
            return None


def _column(row: Row, node: ast.expr) -> str | None:
    """The database sorts text by a collation of its own."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _column(row, node.operand)
        return _reversed(inner) if inner is not None else None
    name = row.column(node)
    return name if name is not None and row.columns[name] not in TEXT else None


def _reversed(column: str) -> str:
    return column.removeprefix("-") if column.startswith("-") else f"-{column}"


def _order_by(columns: list[str]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f".order_by({names})"
