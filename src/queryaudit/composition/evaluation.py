"""What an expression can be as text, followed backwards through the source.

Names through their assignments, functions of the project through what they return, parameters
through those who call. What can't be followed becomes a gap that says so.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace

from queryaudit.composition import attributes, calls, containers, formatting
from queryaudit.composition.arguments import bind, defaults
from queryaudit.composition.bindings import Binding, Bound
from queryaudit.composition.formats import is_numeric
from queryaudit.composition.modules import CallSite, Library, Module, ScopeNode, absolute
from queryaudit.composition.requests import (
    is_checked,
    is_number,
    is_view,
    read_from_request,
)
from queryaudit.composition.values import (
    EMPTY,
    HARMLESS,
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
    worst,
)
from queryaudit.records.texts import HoleKind

#: Expressions looked at for one text, and how deep; keeps the work bounded.
BUDGET, DEPTH = 3000, 40
_CALLS = 4
_CALLERS = 12

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
        self._calls = 0
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
                return self._name(node, module, env)
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

    # Names

    def _name(self, node: ast.Name, module: Module, env: Env) -> Variants:
        found = self._bound(node, module, env)
        if found is None:
            return gap(HoleKind.OPAQUE, node)
        bad = worst(found)
        if bad is not None and bad not in HARMLESS and is_checked(module, node):
            return gap(HoleKind.CHECKED, node)
        if bad in (HoleKind.OPAQUE, HoleKind.UNKNOWN) and found == ((only := found[0][0],),):
            return ((replace(only, code=node.id),),) if isinstance(only, Gap) else found
        return found

    def _bound(self, node: ast.Name, module: Module, env: Env) -> Variants | None:
        looped = containers.comprehended(self, node, module, env)
        if looped is not None:
            return looped
        scope: ScopeNode | None = module.scope(node)
        first = True
        while scope is not None:
            bindings = module.bindings(scope).get(node.id)
            if bindings and (first or not isinstance(scope, ast.ClassDef)):
                return self._fold(node, bindings, scope, first, module, env)
            first = False
            scope = module.scope(scope) if scope is not module.tree else None
        return None

    def usable(
        self, node: ast.Name, bindings: Sequence[Binding], scope: ScopeNode, module: Module
    ) -> tuple[list[Binding], set[tuple[int, int]]]:
        """The bindings that can have been at work when ``node`` is read, and its branches."""
        if module.scope(node) is not scope:
            return list(bindings), set()
        here = (node.lineno, node.col_offset)
        statement = module.statement(node)
        if statement is not None and not isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
            here = min(here, (statement.lineno, statement.col_offset))
        arms = dict(module.arms(node, scope))
        fitting = [
            b
            for b in bindings
            if (b.position < here or isinstance(b.node, (ast.arg, ast.NamedExpr)))
            and all(arms.get(at, arm) == arm for at, arm in b.arms)
        ]
        return fitting or list(bindings), set(arms.items())

    def _fold(
        self,
        node: ast.Name,
        bindings: Sequence[Binding],
        scope: ScopeNode,
        own: bool,
        module: Module,
        env: Env,
    ) -> Variants | None:
        fitting, arms = self.usable(node, bindings, scope, module)
        found: Variants = ()
        for binding in fitting:
            if binding.kind is Bound.ITEM:
                continue
            value = self._value(node.id, binding, scope, module, env)
            sure = (own and set(binding.arms) <= arms) or not binding.arms
            if binding.kind is Bound.ADDED:
                if isinstance(binding.value, ast.expr):
                    value = composed(value, module, binding.value, "+=")
                longer = joined(found or EMPTY, value)
                found = longer if sure else either(found, longer)
            else:
                found = value if sure else either(found, value)
        return found or None

    def _value(
        self, name: str, binding: Binding, scope: ScopeNode, module: Module, env: Env
    ) -> Variants:
        key = (id(binding.node), name)
        if key in self.active:
            return ()
        self.active.add(key)
        try:
            match binding.kind:
                case Bound.ASSIGNED | Bound.ADDED if binding.value is not None:
                    return self.variants(binding.value, module, env)
                case Bound.LOOP if binding.value is not None:
                    return containers.looped(self, binding.value, binding.element, module, env)
                case Bound.UNPACKED if binding.value is not None:
                    return calls.unpacked(self, binding.value, binding.element, module, env)
                case Bound.PARAMETER:
                    return self._parameter(name, binding, scope, module, env)
                case Bound.IMPORT:
                    return self._imported(name, binding.source, module)
                case _:
                    return gap(HoleKind.OPAQUE, name)
        finally:
            self.active.discard(key)

    def _parameter(
        self, name: str, binding: Binding, scope: ScopeNode, module: Module, env: Env
    ) -> Variants:
        known = env.get((id(scope), name))
        if known is not None:
            return known
        if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return gap(HoleKind.UNKNOWN, name)
        if isinstance(binding.node, ast.arg) and is_number(binding.node.annotation):
            return gap(HoleKind.DECLARED, name)
        callers = self.library.callers(module, scope)
        if callers and self._calls < _CALLS:
            self._calls += 1
            try:
                found = [self._argument(site, name, scope, module) for site in callers[:_CALLERS]]
            finally:
                self._calls -= 1
            return either(*found)
        if is_view(scope):
            return gap(HoleKind.REQUEST, f'path["{name}"]')
        return gap(HoleKind.UNKNOWN, name)

    def _argument(
        self,
        site: CallSite,
        name: str,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        module: Module,
    ) -> Variants:
        passed = bind(site.call, function).get(name)
        if passed is None:
            return gap(HoleKind.UNKNOWN, name)
        home = module if passed in defaults(function) else site.module
        return self.variants(passed, home, {})

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

    def _imported(self, name: str, source: str, module: Module) -> Variants:
        path, _, wanted = source.partition(":")
        other = self.library.module(absolute(path, module)) if wanted else None
        if other is not None:
            return self.top(wanted, other)
        return gap(HoleKind.CONSTANT if name.isupper() else HoleKind.OPAQUE, name)

    def top(self, name: str, module: Module) -> Variants:
        """The value of a module's name."""
        bindings = module.bindings(module.tree).get(name)
        if not bindings:
            return gap(HoleKind.CONSTANT if name.isupper() else HoleKind.OPAQUE, name)
        node = ast.Name(name, ast.Load())
        node.lineno = node.col_offset = 0
        return self._fold(node, bindings, module.tree, False, module, {}) or gap(
            HoleKind.OPAQUE, name
        )


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
