"""A module's syntax tree with what has to be asked of it: parents, functions, bindings."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from queryaudit.composition.bindings import Arms, Binding, collect

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
ScopeNode = FunctionNode | ast.Module | ast.ClassDef
_ARMED = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.IfExp, ast.match_case)


#: First and last line, first and last column.
Position = tuple[int, int | None, int | None, int | None]


class CallSite(NamedTuple):
    """A call of a function of the project."""

    module: Module
    call: ast.Call


class Library(Protocol):
    """Where other modules are found, and who calls a function."""

    def module(self, name: str) -> Module | None: ...

    def callers(self, module: Module, function: ast.AST) -> Sequence[CallSite] | None:
        """None: nobody of the project, but a library does."""


class Module:
    """One parsed file. ``path`` is as reports show it, ``name`` as it is imported."""

    def __init__(self, path: str, name: str, text: str) -> None:
        self.path = path
        self.name = name
        self.lines = text.split("\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.tree = ast.parse(text)
        self._bindings: dict[int, dict[str, list[Binding]]] = {}
        self._set_in: dict[int, dict[str, list[ast.expr]]] = {}
        #: What was answered about a node, by its identity; the node with it, to keep that.
        self.checked: dict[int, tuple[ast.expr, bool]] = {}

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    @cached_property
    def calls_by_position(self) -> dict[Position, list[ast.Call]]:
        found: dict[Position, list[ast.Call]] = {}
        for call in self.calls:
            where = (call.lineno, call.end_lineno, call.col_offset, call.end_col_offset)
            found.setdefault(where, []).append(call)
        return found

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, innermost first."""
        parents = self.parents
        found = parents.get(node)
        while found is not None:
            yield found
            found = parents.get(found)

    def scope(self, node: ast.AST) -> ScopeNode:
        """The function or class body in which a node stands, else the module."""
        child = node
        for outer in self.above(node):
            if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
                # Defaults and decorators belong to whatever is around the function.
                if child in outer.body:
                    return outer
            elif isinstance(outer, ast.Lambda):
                if child is outer.body:
                    return outer
            elif isinstance(outer, ast.ClassDef) and child in outer.body:
                return outer
            child = outer
        return self.tree

    def statement(self, node: ast.AST) -> ast.stmt | None:
        if isinstance(node, ast.stmt):
            return node
        return next((n for n in self.above(node) if isinstance(n, ast.stmt)), None)

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        return next((n for n in self.above(node) if isinstance(n, ast.ClassDef)), None)

    def qualified(self, node: ast.AST) -> str:
        named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        names = [n.name for n in (node, *self.above(node)) if isinstance(n, named)]
        return ".".join(reversed(names))

    def bindings(self, scope: ScopeNode) -> dict[str, list[Binding]]:
        known = self._bindings.get(id(scope))
        if known is None:
            known = self._bindings[id(scope)] = collect(scope)
        return known

    def set_in(self, cls: ast.ClassDef) -> dict[str, list[ast.expr]]:
        """The values that methods of a class give to attributes of ``self`` and ``cls``."""
        known = self._set_in.get(id(cls))
        if known is None:
            known = self._set_in[id(cls)] = {}
            for name, value in _set_in(cls):
                known.setdefault(name, []).append(value)
        return known

    def arms(self, node: ast.AST, scope: ScopeNode) -> Arms:
        """The branches in which a node stands, outermost first, as bindings have them."""
        found: list[tuple[int, int]] = []
        child: ast.AST = node
        for outer in self.above(node):
            if child is scope:
                break
            arm = _arm(outer, child)
            if arm is not None:
                found.append((id(outer), arm))
            child = outer
        return tuple(reversed(found))

    def reaching(
        self, node: ast.Name, bindings: Sequence[Binding], scope: ScopeNode
    ) -> tuple[list[Binding], set[tuple[int, int]]]:
        """The bindings that can have been at work when ``node`` is read, and its branches."""
        if self.scope(node) is not scope:
            return list(bindings), set()
        here = (node.lineno, node.col_offset)
        statement = self.statement(node)
        if statement is not None and not isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
            here = min(here, (statement.lineno, statement.col_offset))
        arms = dict(self.arms(node, scope))
        fitting = [
            b
            for b in bindings
            if (b.position < here or isinstance(b.node, (ast.arg, ast.NamedExpr)))
            and all(arms.get(at, arm) == arm for at, arm in b.arms)
        ]
        return fitting or list(bindings), set(arms.items())


def _arm(outer: ast.AST, child: ast.AST) -> int | None:
    if isinstance(outer, ast.If):
        return 0 if child in outer.body else 1 if child in outer.orelse else None
    if isinstance(outer, (ast.For, ast.AsyncFor, ast.While)):
        return 0 if child in outer.body else 1 if child in outer.orelse else None
    if isinstance(outer, (ast.ExceptHandler, ast.match_case)):
        return 0 if child in outer.body else None
    return None


def handed_over(call: ast.Call) -> str:
    """``run`` for ``sync_to_async(run)(..)``: the function that another one calls."""
    outer = call.func
    if not isinstance(outer, ast.Call) or not outer.args:
        return ""
    inner = outer.args[0]
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")


def absolute(path: str, module: Module) -> str:
    """The dotted name that an import in ``module`` means."""
    level = len(path) - len(path.lstrip("."))
    if not level:
        return path
    parts = module.name.split(".")
    is_package = module.path.endswith("__init__.py")
    base = parts[: len(parts) - level + is_package]
    return ".".join([*base, *filter(None, [path.lstrip(".")])])


def _set_in(cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for method in cls.body:
        if not isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for node in ast.walk(method):
            if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id in ("self", "cls")
                ):
                    yield target.attr, node.value
