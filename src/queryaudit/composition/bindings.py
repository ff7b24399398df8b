"""What a scope binds its names to, in the order of the source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

#: Branches around a statement: (id of the compound statement, which of its bodies).
Arms = tuple[tuple[int, int], ...]

_ADDING = frozenset({"append", "add", "insert", "extend", "update", "appendleft"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Bound(Enum):
    ASSIGNED = 1
    ADDED = 2  #: ``+=``
    ITEM = 3  #: ``append`` and its like
    LOOP = 4
    UNPACKED = 5
    PARAMETER = 6
    IMPORT = 7
    DEFINITION = 8
    OTHER = 9


class Binding(NamedTuple):
    kind: Bound
    node: ast.AST  #: the statement, or what stands for one
    arms: Arms
    value: ast.expr | None = None
    element: tuple[int, ...] = ()  #: which element of ``value``
    source: str = ""  #: ``module`` or ``module:name`` of an import
    method: str = ""

    @property
    def position(self) -> tuple[int, int]:
        return getattr(self.node, "lineno", 0), getattr(self.node, "col_offset", 0)


def collect(scope: ast.AST) -> dict[str, list[Binding]]:
    """Names to their bindings."""
    found: dict[str, list[Binding]] = {}
    for name, binding in _of_scope(scope):
        found.setdefault(name, []).append(binding)
    return found


_Named = Iterator[tuple[str, Binding]]


def _of_scope(scope: ast.AST) -> _Named:
    if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        for argument in parameters(scope.args):
            yield argument.arg, Binding(Bound.PARAMETER, argument, ())
    if isinstance(scope, ast.Lambda):
        return
    yield from _of_body(getattr(scope, "body", ()), ())


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    extra = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _of_body(body: Iterable[ast.stmt], arms: Arms) -> _Named:
    for statement in body:
        yield from _of_statement(statement, arms)


def _of_statement(node: ast.stmt, arms: Arms) -> _Named:
    yield from _walruses(node, arms)
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _to_target(target, node.value, (), node, arms, Bound.ASSIGNED)
    elif isinstance(node, ast.AnnAssign):
        if node.value is not None:
            yield from _to_target(node.target, node.value, (), node, arms, Bound.ASSIGNED)
    elif isinstance(node, ast.AugAssign):
        kind = Bound.ADDED if isinstance(node.op, ast.Add) else Bound.OTHER
        if isinstance(node.target, ast.Name):
            yield node.target.id, Binding(kind, node, arms, node.value)
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        inside = (*arms, (id(node), 0))
        yield from _to_target(node.target, node.iter, (), node, inside, Bound.LOOP)
        yield from _of_body(node.body, inside)
        yield from _of_body(node.orelse, (*arms, (id(node), 1)))
    elif isinstance(node, (ast.If, ast.While)):
        yield from _of_body(node.body, (*arms, (id(node), 0)))
        yield from _of_body(node.orelse, (*arms, (id(node), 1)))
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            if isinstance(item.optional_vars, ast.Name):
                yield item.optional_vars.id, Binding(Bound.OTHER, node, arms, item.context_expr)
        yield from _of_body(node.body, arms)
    elif isinstance(node, ast.Try):
        yield from _of_body(node.body, arms)
        for handler in node.handlers:
            yield from _of_body(handler.body, (*arms, (id(handler), 0)))
        yield from _of_body(node.orelse, arms)
        yield from _of_body(node.finalbody, arms)
    elif isinstance(node, ast.Match):
        for case in node.cases:
            yield from _of_body(case.body, (*arms, (id(case), 0)))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, Binding(Bound.DEFINITION, node, arms)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            yield name, Binding(Bound.IMPORT, node, arms, source=alias.name)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            source = f"{'.' * node.level}{node.module or ''}:{alias.name}"
            yield alias.asname or alias.name, Binding(Bound.IMPORT, node, arms, source=source)
    elif isinstance(node, ast.Expr):
        yield from _added_items(node, arms)


def _added_items(node: ast.Expr, arms: Arms) -> _Named:
    """``conditions.append(..)``."""
    call = node.value
    if (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.attr in _ADDING
        and call.args
    ):
        name, method = call.func.value.id, call.func.attr
        yield name, Binding(Bound.ITEM, node, arms, call.args[-1], method=method)


def _to_target(
    target: ast.expr,
    value: ast.expr,
    index: tuple[int, ...],
    node: ast.stmt,
    arms: Arms,
    kind: Bound,
) -> _Named:
    if isinstance(target, ast.Name):
        if index and kind is Bound.ASSIGNED:
            kind = Bound.UNPACKED
        yield target.id, Binding(kind, node, arms, value, index)
    elif isinstance(target, (ast.Tuple, ast.List)):
        alike = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        for number, element in enumerate(target.elts):
            if alike and kind is Bound.ASSIGNED and not index:
                own = value.elts[number]  # type: ignore[attr-defined]
                yield from _to_target(element, own, (), node, arms, kind)
            else:
                yield from _to_target(element, value, (*index, number), node, arms, kind)
    elif isinstance(target, ast.Starred):
        yield from _to_target(target.value, value, (*index, -1), node, arms, kind)
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        yield target.value.id, Binding(Bound.ITEM, node, arms, value, method="set")


def _walruses(node: ast.stmt, arms: Arms) -> _Named:
    waiting: list[ast.AST] = [
        child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)
    ]
    if isinstance(node, _SCOPES):
        return
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, (*_SCOPES, ast.stmt)):
            continue
        if isinstance(inner, ast.NamedExpr):
            yield inner.target.id, Binding(Bound.ASSIGNED, inner, arms, inner.value)
        waiting.extend(ast.iter_child_nodes(inner))
