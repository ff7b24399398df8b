"""Attributes and items: of classes and modules of the project, of models, settings, the request."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from queryaudit.composition import containers, names
from queryaudit.composition.bindings import Bound
from queryaudit.composition.modules import Module, absolute
from queryaudit.composition.requests import is_checked, read_from_request
from queryaudit.composition.values import Variants, choice, code_of, either, gap, gaps, worst
from queryaudit.records.texts import HoleKind

if TYPE_CHECKING:
    from queryaudit.composition.evaluation import Env, Evaluator

_COLUMNS = frozenset({"db_table", "column", "attname", "table_name", "quoted_table"})
_MEMBER = frozenset({"value", "label", "name"})


def attribute(evaluator: Evaluator, node: ast.Attribute, module: Module, env: Env) -> Variants:
    told = read_from_request(node)
    if told is not None:
        return gap(HoleKind.REQUEST, told)
    if node.attr in _COLUMNS or "_meta" in _chain(node):
        return gap(HoleKind.IDENTIFIER, node)
    if _chain(node)[-1:] == ["settings"] or node.attr == "placeholder":
        return gap(HoleKind.CONSTANT, node)
    if isinstance(node.value, ast.Name):
        found = _member(evaluator, node, node.value, module, env)
        if found is not None:
            return found
    if node.attr.isupper():
        return gap(HoleKind.CONSTANT, node)
    if node.attr in _MEMBER:
        inner = evaluator.variants(node.value, module, env)
        if inner and all(g.kind is HoleKind.CONSTANT for g in gaps(inner)):
            return gap(HoleKind.CONSTANT, node)
    found = evaluator.unread(node, module, env)
    if is_checked(module, node) and worst(found) is HoleKind.REQUEST:
        return gap(HoleKind.CHECKED, node)
    return found


def _member(
    evaluator: Evaluator, node: ast.Attribute, owner: ast.Name, module: Module, env: Env
) -> Variants | None:
    """An attribute of a class of the project, of oneself, or of an imported module."""
    cls: ast.ClassDef | None = None
    home = module
    if owner.id in ("self", "cls"):
        cls = module.class_of(node)
    else:
        bound = module.bindings(module.tree).get(owner.id, ())
        for binding in bound:
            if isinstance(binding.node, ast.ClassDef):
                cls = binding.node
            elif binding.kind is Bound.IMPORT:
                path, _, name = binding.source.partition(":")
                base = absolute(path, module)
                other = evaluator.library.module(f"{base}.{name}" if name else base)
                if other is not None:
                    return names.top(evaluator, node.attr, other)
    if cls is None:
        return None
    found: list[Variants] = []
    for binding in home.bindings(cls).get(node.attr, ()):
        if binding.value is not None and binding.kind is Bound.ASSIGNED:
            found.append(evaluator.variants(binding.value, home, env))
    for value in home.set_in(cls).get(node.attr, ()):
        if (id(value), node.attr) in evaluator.active:
            continue
        evaluator.active.add((id(value), node.attr))
        try:
            found.append(evaluator.variants(value, home, env))
        finally:
            evaluator.active.discard((id(value), node.attr))
    if not found:
        return None
    # A subclass can have another, which stands in the source as well.
    return choice(either(*found), code_of(node))


def subscript(evaluator: Evaluator, node: ast.Subscript, module: Module, env: Env) -> Variants:
    told = read_from_request(node)
    if told is not None:
        return gap(HoleKind.REQUEST, told)
    if "settings" in _chain(node.value) or "_meta" in _chain(node.value):
        return gap(HoleKind.CONSTANT, node)
    if isinstance(node.slice, ast.Slice):
        return evaluator.variants(node.value, module, env)
    found = containers.item(evaluator, node, module, env)
    if found is not None:
        return found
    base = evaluator.variants(node.value, module, env)
    kind = worst(base)
    if kind is HoleKind.UNKNOWN:
        return gap(HoleKind.UNKNOWN, node)
    return evaluator.unread(node, module, env)


def _chain(node: ast.expr) -> list[str]:
    """The names of ``a.b.c``, outermost first: c, b, a; calls and items are looked through."""
    found = []
    part: ast.expr = node
    while True:
        if isinstance(part, ast.Attribute):
            found.append(part.attr)
            part = part.value
        elif isinstance(part, ast.Subscript):
            part = part.value
        elif isinstance(part, ast.Call):
            part = part.func
        else:
            break
    if isinstance(part, ast.Name):
        found.append(part.id)
    return found
