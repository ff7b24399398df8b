"""One column of all rows that is kept in a list, and of which only numbers are computed."""

from __future__ import annotations

import ast

from queryaudit.advice.row_predicates import Row, expression
from queryaudit.advice.row_uses import RowUse, UseKind
from queryaudit.advice.rows_in_source import RowsInSource, called

#: What the database calls it, and a name for it beside others.
_NUMBERS = {
    "sum": ("Sum", "total"),
    "min": ("Min", "least"),
    "max": ("Max", "greatest"),
    "len": ("Count", "number"),
}


def kept_values(source: RowsInSource, values: ast.ListComp, row: Row) -> RowUse | None:
    """``prices = [book.price for book in books]``, and then ``sum(prices)`` and ``len(prices)``."""
    kept = source.parents.get(values)
    match kept:
        case ast.Assign(targets=[ast.Name(id=name)]) if source.value(name) is values:
            pass
        case _:
            return None
    what = expression(values.elt, row)
    asked: list[ast.Call] = []
    for read in source.reads(name):
        user = source.parents.get(read)
        if source.repeats(read, values):
            return None
        if isinstance(user, ast.Call) and called(user) in _NUMBERS:
            if len(user.args) != 1 or user.keywords:
                return None
            asked.append(user)
        elif not _is_tested(user, read):
            return None
    functions = list(dict.fromkeys(map(called, asked)))
    if what is None or functions in ([], ["len"]):
        return None
    return _aggregate(source, asked, functions, what)


def _is_tested(user: ast.AST | None, read: ast.expr) -> bool:
    match user:
        case ast.If(test=test) | ast.IfExp(test=test):
            return test is read
        case ast.UnaryOp(op=ast.Not()):
            return True
        case _:
            return False


def _aggregate(
    source: RowsInSource, asked: list[ast.Call], functions: list[str], what: str
) -> RowUse:
    mean = _mean(source, asked)
    if mean is not None:
        calls, names = f'.aggregate(value=Avg({what}))["value"]', ["Avg"]
    else:
        given = {"len": '"pk"'}
        names = [_NUMBERS[function][0] for function in functions]
        parts = [
            f"{_NUMBERS[each][1] if len(functions) > 1 else 'value'}="
            f"{_NUMBERS[each][0]}({given.get(each, what)})"
            for each in functions
        ]
        calls = f".aggregate({', '.join(parts)})" + ('["value"]' if len(functions) == 1 else "")
    names += ["F"] if "F(" in what else []
    imports = (f"from django.db.models import {', '.join(sorted(names))}",)
    return RowUse(UseKind.AGGREGATE, source.said(mean or asked[0]), (calls,), imports)


def _mean(source: RowsInSource, asked: list[ast.Call]) -> ast.BinOp | None:
    """``sum(prices) / len(prices)``, if that is all."""
    match asked:
        case [one, other] if (quotient := source.parents.get(one)) is source.parents.get(other):
            pass
        case _:
            return None
    match quotient:
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            return quotient if (called(left), called(right)) == ("sum", "len") else None
        case _:
            return None
