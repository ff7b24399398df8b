"""What a function does with the rows of a queryset that it evaluates, where the source proves it.

The rows must have one use: a name that is read twice, or handed on, proves nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.row_predicates import Row, calls_for, expression

_AGGREGATES = {"sum": "Sum", "min": "Min", "max": "Max"}
_WRITES = frozenset({"save", "delete", "update", "create", "set"})
_WRITES |= {f"a{name}" for name in _WRITES}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)


class UseKind(Enum):
    FILTER = "filter"  #: most rows are thrown away
    AGGREGATE = "aggregate"  #: one number is computed of all rows
    COUNT = "count"  #: all that is asked is how many there are, or whether there are any


@dataclass(frozen=True, slots=True)
class RowUse:
    kind: UseKind
    text: str  #: what the source does, as ``[... if book.stock > 5]``
    calls: tuple[str, ...]  #: what the queryset needs instead
    imports: tuple[str, ...] = ()
    queryset: str = ""  #: the queryset as it is written


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
    parsed = source.parsed()
    if parsed is None:
        return None
    reading = _Reading(*parsed, source.lines_at(line, end_line), model, columns)
    found = [(node, reading.use(node)) for node in reading.expressions()]
    uses = [(node, use) for node, use in found if use is not None]
    if len(uses) != 1:
        return None
    [(node, use)] = uses
    return replace(use, queryset=reading.queryset(node))


class _Reading:
    def __init__(
        self, text: str, tree: ast.Module, lines: range, model: str, columns: Mapping[str, str]
    ) -> None:
        self._text = text
        self._tree = tree
        self._lines = lines
        self._model = model
        self._columns = columns
        self._parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }

    def _said(self, node: ast.AST) -> str:
        """The source of a node, on one line."""
        return " ".join((ast.get_source_segment(self._text, node) or "").split())

    def expressions(self) -> Iterator[ast.AST]:
        """What goes through rows, or asks for their number, on the frame's lines."""
        for node in ast.walk(self._tree):
            rows = _rows_of(node)
            if rows is None or rows.lineno not in self._lines:
                continue
            if self._is_queryset(rows):
                yield node

    def queryset(self, node: ast.AST) -> str:
        """The queryset as it is written, ready for another call."""
        rows = _rows_of(node)
        chain = self._chain(rows) if rows is not None else None
        return self._said(chain).removesuffix(".all()") if chain is not None else ""

    def _is_queryset(self, rows: ast.expr) -> bool:
        chain = self._chain(rows)
        root = _root(chain) if isinstance(chain, ast.Call) else None
        return (
            chain is not None
            and root is not None
            and self._is_meant(root)
            and self._is_single(chain)
        )

    def _chain(self, rows: ast.expr) -> ast.expr | None:
        """What is written out here, or what a name stands for that is bound once and read once."""
        if not isinstance(rows, ast.Name):
            return rows
        bound = [n for n in self._names(rows.id) if isinstance(n.ctx, ast.Store)]
        if len(bound) != 1 or len(self._names(rows.id)) != 2:
            return None
        statement = self._parents.get(bound[0])
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        return statement.value

    def _is_meant(self, root: str) -> bool:
        """Whether a chain that begins so can give rows of the model, and not those of a loop."""
        if root[:1].isupper():
            return root == self._model
        loops = (
            n.target for n in ast.walk(self._tree) if isinstance(n, ast.For | ast.comprehension)
        )
        return all(root != n.id for t in loops for n in ast.walk(t) if isinstance(n, ast.Name))

    def _is_single(self, rows: ast.expr) -> bool:
        """Rows that are asked for again are better asked for once."""
        asked = ast.dump(rows)
        calls = (n for n in ast.walk(self._tree) if isinstance(n, ast.Call))
        return sum(ast.dump(call) == asked for call in calls) == 1

    def _names(self, name: str) -> list[ast.Name]:
        return [n for n in ast.walk(self._tree) if isinstance(n, ast.Name) and n.id == name]

    def use(self, node: ast.AST) -> RowUse | None:
        if isinstance(node, ast.For):
            return self._loop(node)
        if isinstance(node, _COMPREHENSIONS):
            return self._comprehension(node)
        if isinstance(node, ast.Call) and _called(node) == "len":
            return RowUse(UseKind.COUNT, self._said(node), (".count()",))
        rows = _rows_of(node)
        return None if rows is None else RowUse(UseKind.COUNT, self._asks(node), (".exists()",))

    def _asks(self, node: ast.AST) -> str:
        if isinstance(node, ast.Call):
            return self._said(node)
        if isinstance(node, ast.UnaryOp):
            outer = self._parents.get(node)
            is_test = isinstance(outer, ast.If | ast.IfExp) and outer.test is node
            return f"if {self._said(node)}" if is_test else self._said(node)
        test = getattr(node, "test", node)
        return f"if {self._said(test)}"

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> RowUse | None:
        [generator, *further] = node.generators
        row = self._row(generator.target)
        if further or row is None or generator.is_async:
            return None
        calls: tuple[str, ...] = ()
        for test in generator.ifs:
            more = calls_for(test, row)
            if more is None:
                return None
            calls += more
        outer = self._parents.get(node)
        match outer:
            case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]) if name in _AGGREGATES:
                return _aggregate(_AGGREGATES[name], node.elt, row, calls, self._said(outer))
            case ast.Call(func=ast.Name(id="len")) if calls and not isinstance(node, ast.SetComp):
                return RowUse(UseKind.FILTER, self._said(outer), (*calls, ".count()"))
            case ast.Call(func=ast.Name(id="any")) if not calls:
                asked = calls_for(node.elt, row)
                text = self._said(outer)
                return RowUse(UseKind.FILTER, text, (*asked, ".exists()")) if asked else None
        return RowUse(UseKind.FILTER, self._said(node), calls) if calls else None

    def _loop(self, node: ast.For) -> RowUse | None:
        row = self._row(node.target)
        if row is None or _writes(node):
            return None
        if node.orelse or len(node.body) != 1:
            return self._guarded(node, row)
        [only] = node.body
        match only:
            case ast.AugAssign(target=ast.Name(), op=ast.Add()):
                return _aggregate("Sum", only.value, row, (), self._said(only))
            case ast.If(test=test, orelse=[]):
                calls = calls_for(test, row)
                return RowUse(UseKind.FILTER, f"if {self._said(test)}", calls) if calls else None
        return None

    def _guarded(self, node: ast.For, row: Row) -> RowUse | None:
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
        return RowUse(UseKind.FILTER, f"if {self._said(first.test)}: continue", calls)

    def _row(self, target: ast.expr) -> Row | None:
        return Row(target.id, self._columns) if isinstance(target, ast.Name) else None


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
    names = (function, "F") if "F(" in what else (function,)
    imports = (f"from django.db.models import {', '.join(sorted(names))}",)
    call = f".aggregate(value={function}({what}))"
    return RowUse(UseKind.AGGREGATE, text, (*calls, call), imports)


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
        case ast.Call(func=ast.Name(id="len" | "bool"), args=[rows], keywords=[]):
            return rows
        case ast.UnaryOp(op=ast.Not(), operand=rows) | ast.If(test=rows) | ast.IfExp(test=rows):
            return rows
        case _:
            return None


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _root(node: ast.Call) -> str | None:
    """``Book`` of ``Book.objects.filter(...)``, not sliced and nothing around it."""
    inner: ast.expr = node
    attributes = 0
    while True:
        if isinstance(inner, ast.Call):
            inner = inner.func
        elif isinstance(inner, ast.Attribute):
            attributes += 1
            inner = inner.value
        else:
            return inner.id if isinstance(inner, ast.Name) and attributes >= 2 else None
