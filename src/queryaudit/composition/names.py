"""Names in text: through their assignments, their imports, and the callers that pass them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from queryaudit.composition import calls, containers
from queryaudit.composition.arguments import bind, defaults
from queryaudit.composition.bindings import Binding, Bound
from queryaudit.composition.modules import CallSite, Module, ScopeNode, absolute
from queryaudit.composition.requests import is_checked, is_number, is_view
from queryaudit.composition.values import (
    EMPTY,
    HARMLESS,
    Gap,
    Variants,
    composed,
    either,
    gap,
    joined,
    worst,
)
from queryaudit.records.texts import HoleKind

if TYPE_CHECKING:
    from queryaudit.composition.evaluation import Env, Evaluator

_CALLS = 4
_CALLERS = 12


def name(evaluator: Evaluator, node: ast.Name, module: Module, env: Env) -> Variants:
    found = _bound(evaluator, node, module, env)
    if found is None:
        return gap(HoleKind.OPAQUE, node)
    bad = worst(found)
    if bad is not None and bad not in HARMLESS and is_checked(module, node):
        return gap(HoleKind.CHECKED, node)
    if bad in (HoleKind.OPAQUE, HoleKind.UNKNOWN) and found == ((only := found[0][0],),):
        return ((replace(only, code=node.id),),) if isinstance(only, Gap) else found
    return found


def _bound(evaluator: Evaluator, node: ast.Name, module: Module, env: Env) -> Variants | None:
    looped = containers.comprehended(evaluator, node, module, env)
    if looped is not None:
        return looped
    scope: ScopeNode | None = module.scope(node)
    first = True
    while scope is not None:
        bindings = module.bindings(scope).get(node.id)
        if bindings and (first or not isinstance(scope, ast.ClassDef)):
            return _fold(evaluator, node, bindings, scope, first, module, env)
        first = False
        scope = module.scope(scope) if scope is not module.tree else None
    return None


def _fold(
    evaluator: Evaluator,
    node: ast.Name,
    bindings: Sequence[Binding],
    scope: ScopeNode,
    own: bool,
    module: Module,
    env: Env,
) -> Variants | None:
    fitting, arms = module.reaching(node, bindings, scope)
    found: Variants = ()
    for binding in fitting:
        if binding.kind is Bound.ITEM:
            continue
        value = _value(evaluator, node.id, binding, scope, module, env)
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
    evaluator: Evaluator, name: str, binding: Binding, scope: ScopeNode, module: Module, env: Env
) -> Variants:
    key = (id(binding.node), name)
    if key in evaluator.active:
        return ()
    evaluator.active.add(key)
    try:
        match binding.kind:
            case Bound.ASSIGNED | Bound.ADDED if binding.value is not None:
                return evaluator.variants(binding.value, module, env)
            case Bound.LOOP if binding.value is not None:
                return containers.looped(evaluator, binding.value, binding.element, module, env)
            case Bound.UNPACKED if binding.value is not None:
                return calls.unpacked(evaluator, binding.value, binding.element, module, env)
            case Bound.PARAMETER:
                return _parameter(evaluator, name, binding, scope, module, env)
            case Bound.IMPORT:
                return _imported(evaluator, name, binding.source, module)
            case _:
                return gap(HoleKind.OPAQUE, name)
    finally:
        evaluator.active.discard(key)


def _parameter(
    evaluator: Evaluator, name: str, binding: Binding, scope: ScopeNode, module: Module, env: Env
) -> Variants:
    known = env.get((id(scope), name))
    if known is not None:
        return known
    if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return gap(HoleKind.UNKNOWN, name)
    if isinstance(binding.node, ast.arg) and is_number(binding.node.annotation):
        return gap(HoleKind.DECLARED, name)
    callers = evaluator.library.callers(module, scope)
    if callers and evaluator.calls < _CALLS:
        evaluator.calls += 1
        try:
            found = [_argument(evaluator, site, name, scope, module) for site in callers[:_CALLERS]]
        finally:
            evaluator.calls -= 1
        return either(*found)
    if is_view(scope):
        return gap(HoleKind.REQUEST, f'path["{name}"]')
    return gap(HoleKind.UNKNOWN, name)


def _argument(
    evaluator: Evaluator,
    site: CallSite,
    name: str,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    module: Module,
) -> Variants:
    passed = bind(site.call, function).get(name)
    if passed is None:
        return gap(HoleKind.UNKNOWN, name)
    home = module if passed in defaults(function) else site.module
    return evaluator.variants(passed, home, {})


def _imported(evaluator: Evaluator, name: str, source: str, module: Module) -> Variants:
    path, _, wanted = source.partition(":")
    other = evaluator.library.module(absolute(path, module)) if wanted else None
    if other is not None:
        return top(evaluator, wanted, other)
    return gap(HoleKind.CONSTANT if name.isupper() else HoleKind.OPAQUE, name)


def top(evaluator: Evaluator, name: str, module: Module) -> Variants:
    """The value of a module's name."""
    bindings = module.bindings(module.tree).get(name)
    if not bindings:
        return gap(HoleKind.CONSTANT if name.isupper() else HoleKind.OPAQUE, name)
    node = ast.Name(name, ast.Load())
    node.lineno = node.col_offset = 0
    return _fold(evaluator, node, bindings, module.tree, False, module, {}) or gap(
        HoleKind.OPAQUE, name
    )
