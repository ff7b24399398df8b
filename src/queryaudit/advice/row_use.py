"""What a function does with the rows of a queryset that it evaluates, where the source proves it.

The rows must have one use: a name that is handed on, or read for something else, proves nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from queryaudit.advice.function_source import REMEMBERED, FunctionSource
from queryaudit.advice.kept_values import kept_values
from queryaudit.advice.row_number import number_or_first, number_written_out
from queryaudit.advice.row_order import ordered, searched
from queryaudit.advice.row_predicates import Row, calls_for, expression
from queryaudit.advice.row_uses import RowUse, UseKind
from queryaudit.advice.rows_in_source import RowsInSource, called, calls_of, method

_AGGREGATES = {"sum": "Sum", "min": "Min", "max": "Max"}
#: After these a column has other values than the rows have.
_REGROUPING = frozenset(
    {"distinct", "values", "values_list", "annotate", "alias", "extra", "dates", "datetimes"}
    | {"union", "intersection", "difference"}
)
_WRITES = frozenset({"save", "delete", "update", "create", "set"})
_WRITES |= {f"a{name}" for name in _WRITES}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)


def row_use(
    source: FunctionSource,
    line: int,
    end_line: int | None,
    model: str,
    columns: Mapping[str, str],
) -> RowUse | None:
    """What is done with the rows of the queryset that is evaluated at ``line``; None if that is not
    certain. ``model``: the class of the rows; ``columns``: kinds of its columns by attribute name.
    Never raises."""
    return _row_use(source, line, end_line, model, tuple(columns.items()))


@lru_cache(maxsize=REMEMBERED)
def _row_use(
    source: FunctionSource,
    line: int,
    end_line: int | None,
    model: str,
    columns: tuple[tuple[str, str], ...],
) -> RowUse | None:
    """Asked in each unit of work that comes by, of the same source."""
    reading = RowsInSource.read(source, line, end_line, model, dict(columns))
    if reading is None:
        return None
    uses = list(_uses(reading))
    return uses[0] if len(uses) == 1 else None


def _uses(source: RowsInSource) -> Iterator[RowUse]:
    named: set[str] = set()
    for node in ast.walk(source.tree):
        use: RowUse | None = None
        if isinstance(node, ast.Name) and node.id not in named:
            named.add(node.id)
            use = number_or_first(source, node.id)
        elif isinstance(node, ast.Call):
            use = number_written_out(source, node)
        if use is None:
            use = _use_of_rows(source, node)
        if use is not None:
            yield use


def _use_of_rows(source: RowsInSource, node: ast.AST) -> RowUse | None:
    rows = _rows_of(node)
    if rows is None or not _is_here(source, rows) or not source.is_queryset(rows):
        return None
    use = _use(source, node, rows)
    return None if use is None else replace(use, queryset=use.queryset or source.queryset(rows))


def _is_here(source: RowsInSource, rows: ast.expr) -> bool:
    if source.is_evaluated_in(rows):
        return True
    # ``rows = list(queryset)``: evaluated there, and used here.
    value = source.value(rows.id) if isinstance(rows, ast.Name) else None
    return value is not None and source.is_evaluated_in(value)


def _use(source: RowsInSource, node: ast.AST, rows: ast.expr) -> RowUse | None:
    if isinstance(node, ast.For):
        return _loop(source, node)
    if isinstance(node, _COMPREHENSIONS):
        return _comprehension(source, node)
    if isinstance(node, ast.Compare):
        return searched(source, node, rows)
    return _of_values(source, node, rows) or ordered(source, node)


def _of_values(source: RowsInSource, node: ast.AST, rows: ast.expr) -> RowUse | None:
    """``sum(Book.objects.values_list("stock", flat=True))``"""
    chain = source.chain(rows)
    if called(node) not in _AGGREGATES or chain is None or source.repeats(node, chain):
        return None
    last, *before = calls_of(chain)
    if _REGROUPING & {method(call) for call in before}:
        return None  # which values there are is more than which rows
    match node, last:
        case (
            ast.Call(args=[_], keywords=[] | [ast.keyword(arg="default")]),
            ast.Call(
                func=ast.Attribute(value=queryset, attr="values_list"),
                args=[ast.Constant(value=str(column))],
                keywords=[ast.keyword(arg="flat", value=ast.Constant(value=True))],
            ),
        ):
            value = ast.Attribute(value=ast.Name(id="row"), attr=column)
            row, function = Row("row", source.columns), _AGGREGATES[called(node)]
            use = _aggregate(function, value, row, (), source.said(node))
            said = source.said(queryset).removesuffix(".all()")
            return None if use is None else replace(use, queryset=said)
        case _:
            return None


def _comprehension(
    source: RowsInSource, node: ast.ListComp | ast.SetComp | ast.GeneratorExp
) -> RowUse | None:
    [generator, *further] = node.generators
    row = _row(source, generator.target)
    if further or row is None or generator.is_async:
        return None
    calls: tuple[str, ...] = ()
    for test in generator.ifs:
        more = calls_for(test, row)
        if more is None:
            return None
        calls += more
    if isinstance(node, ast.ListComp) and not calls:
        kept = kept_values(source, node, row)
        if kept is not None:
            return kept
    outer = source.parents.get(node)
    streamed = source.is_streamed(generator.iter)
    match outer:
        case ast.Call(func=ast.Name(id="sum"), args=[_], keywords=[]) if _is_one(node.elt):
            if streamed and not calls:
                return None  # somebody thought of how many there are
            kind = UseKind.FILTER if calls else UseKind.COUNT
            return RowUse(kind, source.said(outer), (*calls, ".count()"))
        case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]) if name in _AGGREGATES:
            said = source.said(outer)
            return _aggregate(_AGGREGATES[name], node.elt, row, calls, said)
        case ast.Call(func=ast.Name(id="len")) if calls and not isinstance(node, ast.SetComp):
            return RowUse(UseKind.FILTER, source.said(outer), (*calls, ".count()"))
        case ast.Call(func=ast.Name(id="any")) if not calls:
            asked = calls_for(node.elt, row)
            text = source.said(outer)
            return RowUse(UseKind.FILTER, text, (*asked, ".exists()")) if asked else None
        case ast.Call(func=ast.Name(id="next"), args=[_, ast.Constant(value=None)]) if calls:
            if isinstance(node.elt, ast.Name):
                return RowUse(UseKind.FILTER, source.said(outer), (*calls, ".first()"))
    return RowUse(UseKind.FILTER, source.said(node), calls) if calls else None


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _loop(source: RowsInSource, node: ast.For) -> RowUse | None:
    row = _row(source, node.target)
    if row is None or _writes(node):
        return None
    if node.orelse or len(node.body) != 1:
        return _guarded(source, node, row)
    [only] = node.body
    match only:
        case ast.AugAssign(target=ast.Name(), op=ast.Add()):
            return _aggregate("Sum", only.value, row, (), source.said(only))
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(), slice=key), op=ast.Add()):
            return _grouped(source, only, key, row)
        case ast.If(test=test, orelse=[]):
            calls = calls_for(test, row)
            text = f"if {source.said(test)}"
            return RowUse(UseKind.FILTER, text, calls) if calls else None
    return None


def _grouped(source: RowsInSource, node: ast.AugAssign, key: ast.expr, row: Row) -> RowUse | None:
    """``totals[item.kind] += item.price``"""
    group = row.column(key)
    if group is None:
        return None
    if _is_one(node.value):
        function, what = "Count", '"pk"'
    else:
        function, what = "Sum", expression(node.value, row) or ""
    if not what:
        return None
    call = f'.values("{group}").annotate(value={function}({what}))'
    return RowUse(UseKind.GROUP, source.said(node), (".order_by()", call), _imports(function, what))


def _guarded(source: RowsInSource, node: ast.For, row: Row) -> RowUse | None:
    """``if not wanted: continue`` before everything else."""
    first = node.body[0]
    if not isinstance(first, ast.If) or first.orelse:
        return None
    if len(first.body) != 1 or not isinstance(first.body[0], ast.Continue):
        return None
    wanted = _negated(first.test)
    calls = calls_for(wanted, row) if wanted is not None else None
    if not calls:
        return None
    return RowUse(UseKind.FILTER, f"if {source.said(first.test)}: continue", calls)


def _row(source: RowsInSource, target: ast.expr) -> Row | None:
    return Row(target.id, source.columns) if isinstance(target, ast.Name) else None


def _writes(loop: ast.For) -> bool:
    """A loop that changes its rows is about more than reading them."""
    return any(
        isinstance(node, ast.Attribute)
        and (isinstance(node.ctx, ast.Store) or node.attr in _WRITES)
        for statement in loop.body
        for node in ast.walk(statement)
    )


def _aggregate(
    function: str, value: ast.expr, row: Row, calls: tuple[str, ...], text: str
) -> RowUse | None:
    what = expression(value, row)
    if what is None:
        return None
    call = f".aggregate(value={function}({what}))"
    return RowUse(
        UseKind.AGGREGATE, text, (*calls, call), _imports(function, what), ending='["value"]'
    )


def _imports(function: str, what: str) -> tuple[str, ...]:
    names = (function, "F") if "F(" in what else (function,)
    return (f"from django.db.models import {', '.join(sorted(names))}",)


_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def _negated(test: ast.expr) -> ast.expr | None:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITES:
        op = _OPPOSITES[type(test.ops[0])]()
        return ast.Compare(left=test.left, ops=[op], comparators=test.comparators)
    if isinstance(test, ast.Attribute):
        return ast.UnaryOp(op=ast.Not(), operand=test)
    return None


def _rows_of(node: ast.AST) -> ast.expr | None:
    """The rows that an expression or a statement is about, if it is one that is understood."""
    match node:
        case ast.For():
            return node.iter
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return node.generators[0].iter
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[rows]):
            return rows
        case ast.Call(args=[rows, *_]) if called(node) in ("sorted", *_AGGREGATES):
            return rows
        case ast.Subscript(value=ast.Call(args=[rows]) as value) if called(value) == "list":
            return rows
        case _:
            return None
