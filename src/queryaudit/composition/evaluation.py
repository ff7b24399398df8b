"""What an expression can be as text, followed backwards through the source.

Names through their assignments, functions of the project through what they return, parameters
through those who call. What can't be followed becomes a gap that says so.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from queryaudit.composition import attributes, calls, formatting, names
from queryaudit.composition.arguments import bind, defaults
from queryaudit.composition.formats import is_numeric
from queryaudit.composition.modules import Library, Module
from queryaudit.composition.requests import (
    read_from_request,
)
from queryaudit.composition.values import (
    Gap,
    Variants,
    choice,
    code_of,
    composed,
    either,
    gap,
    gaps,
    is_constant,
    joined,
    text,
)
from queryaudit.records.texts import HoleKind

#: Expressions looked at for one text, and how deep; keeps the work bounded.
BUDGET, DEPTH = 3000, 40

#: Values of parameters of functions that were followed into.
Env = Mapping[tuple[int, str], Variants]


class OutOfBudgetError(Exception):
    """The expression is too large to follow."""


class Evaluator:
    """Evaluates expressions of any module of a project. One is made for each text."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._budget = BUDGET
        self._depth = 0
        self.calls = 0
        self.active: set[tuple[int, str]] = set()

    def variants(self, node: ast.expr, module: Module, env: Env) -> Variants:
        self._budget -= 1
        if self._budget < 0 or self._depth > DEPTH:
            raise OutOfBudgetError
        self._depth += 1
        try:
            return self._variants(node, module, env)
        finally:
            self._depth -= 1

    def _variants(self, node: ast.expr, module: Module, env: Env) -> Variants:
        match node:
            case ast.Constant(value=bytes(value)):
                return text(value.decode("utf-8", "replace"))
            case ast.Constant(value=value):
                return text(value if isinstance(value, str) else str(value))
            case ast.JoinedStr():
                return self._f_string(node, module, env)
            case ast.BinOp(op=ast.Add()):
                operands = [self.variants(o, module, env) for o in _operands(node)]
                return composed(joined(*operands), module, node, "+")
            case ast.BinOp(op=ast.Mod()):
                return formatting.percent(self, node, module, env)
            case ast.BinOp(op=ast.Mult()):
                if is_constant(self.variants(node.left, module, env)):
                    return gap(HoleKind.PLACEHOLDERS, node)
                return self.unread(node, module, env)
            case ast.BinOp() | ast.UnaryOp():
                return gap(HoleKind.NUMBER, node)
            case ast.IfExp():
                found = (node.body, node.orelse)
                return self._one_of([self.variants(n, module, env) for n in found], node)
            case ast.BoolOp():
                return self._one_of([self.variants(n, module, env) for n in node.values], node)
            case ast.NamedExpr() | ast.Await() | ast.Starred():
                return self.variants(node.value, module, env)
            case ast.Name():
                return names.name(self, node, module, env)
            case ast.Attribute():
                return attributes.attribute(self, node, module, env)
            case ast.Subscript():
                return attributes.subscript(self, node, module, env)
            case ast.Call():
                return calls.call(self, node, module, env)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.variants(node.elt, module, env)
            case ast.Compare():
                return gap(HoleKind.NUMBER, node)
            case _:
                return self.unread(node, module, env)

    def _one_of(self, operands: Sequence[Variants], node: ast.expr) -> Variants:
        """Either of several; constants stay apart while they are few, as they shape the text."""
        found = either(*operands)
        return found if len(found) <= 4 else choice(found, code_of(node))

    def unread(self, node: ast.expr, module: Module, env: Env) -> Variants:
        """What can't be read as text; from the request if something in it is."""
        told = read_from_request(node)
        if told is not None:
            return gap(HoleKind.REQUEST, told)
        kind = HoleKind.OPAQUE
        for inner in ast.walk(node):
            if inner is not node and isinstance(inner, (ast.Name, ast.Attribute, ast.Subscript)):
                told = read_from_request(inner)
                if told is not None:
                    return gap(HoleKind.REQUEST, told)
                if isinstance(inner, ast.Name):
                    for found in gaps(self.variants(inner, module, env)):
                        if found.kind is HoleKind.REQUEST:
                            return ((Gap(found.kind, found.code),),)
        return gap(kind, node)

    def _f_string(self, node: ast.JoinedStr, module: Module, env: Env) -> Variants:
        operands = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                spec = part.format_spec
                written = _constant_text(spec) if spec is not None else ""
                if is_numeric(written):
                    operands.append(gap(HoleKind.NUMBER, part.value))
                else:
                    operands.append(self.variants(part.value, module, env))
            else:
                operands.append(self.variants(part, module, env))
        return composed(joined(*operands), module, node, "f-string")

    def inlined(
        self,
        call: ast.Call,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        home: Module,
        module: Module,
        env: Env,
    ) -> tuple[list[ast.expr], Env]:
        """What a function can return, and its parameters as this call passes them."""
        inner: dict[tuple[int, str], Variants] = {}
        for name, passed in bind(call, function).items():
            of = home if passed in defaults(function) else module
            inner[id(function), name] = self.variants(passed, of, env)
        values = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Return)
            and node.value is not None
            and home.scope(node) is function
        ]
        return values, {**env, **inner}


def _operands(node: ast.BinOp) -> list[ast.expr]:
    """What a chain of ``+`` adds up, in order."""
    found: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        found.append(left.right)
        left = left.left
    found.append(left)
    return found[::-1]


def _constant_text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_constant_text(value) for value in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""
