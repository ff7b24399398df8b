"""What is in lists, tuples, sets and dicts of the source: loops, lookups and joins go over them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from queryaudit.composition.bindings import Bound
from queryaudit.composition.modules import Module, absolute
from queryaudit.composition.values import (
    Variants,
    choice,
    code_of,
    either,
    gap,
    is_constant,
)
from queryaudit.records.texts import HoleKind

if TYPE_CHECKING:
    from queryaudit.composition.evaluation import Env, Evaluator

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_SAME = frozenset({"list", "tuple", "set", "sorted", "reversed", "frozenset", "iter", "filter"})
_MEMBERS = frozenset({"values", "names", "labels", "choices"})


class Items(NamedTuple):
    """Elements in order, each an expression. ``exact``: these and no others."""

    nodes: tuple[ast.expr, ...]
    module: Module
    exact: bool = True


def looped(
    evaluator: Evaluator, source: ast.expr, index: tuple[int, ...], module: Module, env: Env
) -> Variants:
    """What the target of a loop over ``source`` can be."""
    code = code_of(source)
    if isinstance(source, ast.Call):
        name = _name(source.func)
        if name == "range":
            return gap(HoleKind.NUMBER, code)
        if name == "enumerate" and source.args:
            if index[:1] == (0,):
                return gap(HoleKind.NUMBER, code)
            return looped(evaluator, source.args[0], index[1:], module, env)
        if name == "zip" and index and index[0] < len(source.args):
            return looped(evaluator, source.args[index[0]], index[1:], module, env)
        if isinstance(source.func, ast.Attribute) and name in ("items", "keys", "values"):
            found = _of_dict(evaluator, source.func, name, index, module, env)
            if found is not None:
                return found
    if _is_members(source):
        return gap(HoleKind.CONSTANT, code)
    items = items_of(evaluator, source, module, env)
    if items is None:
        return evaluator.unread(source, module, env)
    found_items = [_element(evaluator, node, index, items.module, env) for node in items.nodes]
    return choice(either(*found_items), code) if found_items else gap(HoleKind.OPAQUE, code)


def _of_dict(
    evaluator: Evaluator,
    function: ast.Attribute,
    name: str,
    index: tuple[int, ...],
    module: Module,
    env: Env,
) -> Variants | None:
    found = _literal(evaluator, function.value, module, env)
    if found is None or not isinstance(found[0], ast.Dict):
        return None
    node, home = found[0], found[1]
    wants_keys = name == "keys" or (name == "items" and index[:1] == (0,))
    nodes = [key for key in node.keys if key is not None] if wants_keys else node.values
    rest = index[1:] if name == "items" else index
    values = [_element(evaluator, n, rest, home, env) for n in nodes]
    return choice(either(*values), code_of(function)) if values else None


def _element(
    evaluator: Evaluator, node: ast.expr, index: tuple[int, ...], module: Module, env: Env
) -> Variants:
    for number in index:
        if not isinstance(node, (ast.Tuple, ast.List)) or not 0 <= number < len(node.elts):
            return evaluator.unread(node, module, env)
        node = node.elts[number]
    return evaluator.variants(node, module, env)


def items_of(evaluator: Evaluator, node: ast.expr, module: Module, env: Env) -> Items | None:
    """The elements of a collection that stands in the source; None if it does not."""
    if isinstance(node, ast.Call):
        if _name(node.func) in _SAME and node.args:
            return items_of(evaluator, node.args[-1], module, env)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "values", "copy"):
            found = _literal(evaluator, node.func.value, module, env)
            if found is None or not isinstance(found[0], ast.Dict):
                return None
            keys = [key for key in found[0].keys if key is not None]
            nodes = keys if node.func.attr == "keys" else found[0].values
            return Items(tuple(nodes), found[1])
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = items_of(evaluator, node.left, module, env)
        right = items_of(evaluator, node.right, module, env)
        if left is None or right is None or left.module is not right.module:
            return None
        return Items((*left.nodes, *right.nodes), left.module, left.exact and right.exact)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left = items_of(evaluator, node.left, module, env)
        return left._replace(exact=False) if left is not None else None
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return Items((node.elt,), module, False)
    if isinstance(node, ast.IfExp):
        return items_of(evaluator, node.body, module, env) or items_of(
            evaluator, node.orelse, module, env
        )
    found = _literal(evaluator, node, module, env)
    if found is None:
        return None
    literal, home = found
    if isinstance(literal, ast.Dict):
        return Items(tuple(key for key in literal.keys if key is not None), home)
    added = _added(node, module)
    if isinstance(literal, (ast.List, ast.Tuple, ast.Set)):
        return Items((*literal.elts, *added), home, not added)
    if isinstance(literal, (*_COMPREHENSIONS, ast.Call, ast.BinOp)) and literal is not node:
        inner = items_of(evaluator, literal, home, env)
        return inner._replace(nodes=(*inner.nodes, *added)) if inner is not None else None
    return None


def _literal(
    evaluator: Evaluator, node: ast.expr, module: Module, env: Env
) -> tuple[ast.expr, Module] | None:
    """The expression that made a collection, behind a name or an attribute of oneself."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Dict, *_COMPREHENSIONS)):
        return node, module
    if isinstance(node, ast.Attribute):
        return _class_literal(node, module)
    if not isinstance(node, ast.Name):
        return None
    scope = module.scope(node)
    while True:
        bindings = module.bindings(scope).get(node.id, ())
        fitting = module.reaching(node, bindings, scope)[0] if bindings else []
        values = [b for b in fitting if b.kind is not Bound.ITEM and b.kind is not Bound.ADDED]
        if values:
            last = values[-1]
            if last.kind is Bound.ASSIGNED and last.value is not None:
                inner = last.value
                if isinstance(inner, ast.Name) and inner.id != node.id:
                    return _literal(evaluator, inner, module, env)
                return inner, module
            if last.kind is Bound.IMPORT:
                return _imported_literal(evaluator, last.source, module)
            return None
        if scope is module.tree:
            return None
        scope = module.scope(scope)


def _imported_literal(
    evaluator: Evaluator, source: str, module: Module
) -> tuple[ast.expr, Module] | None:
    path, _, name = source.partition(":")
    other = evaluator.library.module(absolute(path, module)) if name else None
    if other is None:
        return None
    return next(
        ((b.value, other) for b in other.bindings(other.tree).get(name, ()) if b.value is not None),
        None,
    )


def _class_literal(node: ast.Attribute, module: Module) -> tuple[ast.expr, Module] | None:
    if not isinstance(node.value, ast.Name):
        return None
    cls = module.class_of(node) if node.value.id in ("self", "cls") else None
    for binding in module.bindings(module.tree).get(node.value.id, ()):
        if isinstance(binding.node, ast.ClassDef):
            cls = binding.node
    if cls is None:
        return None
    values = [b.value for b in module.bindings(cls).get(node.attr, ()) if b.value is not None]
    return (values[-1], module) if values else None


def _added(node: ast.expr, module: Module) -> list[ast.expr]:
    """What was appended to the list that a name holds."""
    if not isinstance(node, ast.Name):
        return []
    found: list[ast.expr] = []
    for binding in module.bindings(module.scope(node)).get(node.id, ()):
        if binding.kind is Bound.ITEM and binding.value is not None:
            many = binding.method in ("extend", "update")
            if many and isinstance(binding.value, (ast.List, ast.Tuple)):
                found.extend(binding.value.elts)
            elif many and isinstance(binding.value, _COMPREHENSIONS[:3]):
                found.append(binding.value.elt)
            else:
                found.append(binding.value)
        elif binding.kind is Bound.ADDED and isinstance(binding.value, (ast.List, ast.Tuple)):
            found.extend(binding.value.elts)
    return found


def comprehended(evaluator: Evaluator, node: ast.Name, module: Module, env: Env) -> Variants | None:
    """The value of a comprehension's own name; None if no comprehension around binds it."""
    child: ast.AST = node
    for outer in module.above(node):
        if isinstance(outer, ast.stmt):
            return None
        if isinstance(outer, _COMPREHENSIONS):
            for generator in outer.generators:
                index = _index(generator.target, node.id)
                if index is not None and child is not outer.generators[0]:
                    return looped(evaluator, generator.iter, index, module, env)
        child = outer
    return None


def _index(target: ast.expr, name: str) -> tuple[int, ...] | None:
    if isinstance(target, ast.Name):
        return () if target.id == name else None
    for number, element in enumerate(getattr(target, "elts", ())):
        inner = _index(element, name)
        if inner is not None:
            return (number, *inner)
    return None


def item(evaluator: Evaluator, node: ast.Subscript, module: Module, env: Env) -> Variants | None:
    """``NAMES[key]``: one of the values that stand in the source."""
    found = _literal(evaluator, node.value, module, env)
    if found is None:
        return None
    return _lookup(evaluator, found, node.slice, code_of(node), env)


def got(evaluator: Evaluator, node: ast.Call, module: Module, env: Env) -> Variants | None:
    """``NAMES.get(key, default)``."""
    if not isinstance(node.func, ast.Attribute) or not node.args:
        return None
    found = _literal(evaluator, node.func.value, module, env)
    if found is None or not isinstance(found[0], ast.Dict):
        return None
    value = _lookup(evaluator, found, node.args[0], code_of(node), env)
    if value is None or len(node.args) < 2:
        return value
    return choice(either(value, evaluator.variants(node.args[1], module, env)), code_of(node))


def _lookup(
    evaluator: Evaluator, found: tuple[ast.expr, Module], key: ast.expr, code: str, env: Env
) -> Variants | None:
    literal, home = found
    if isinstance(literal, ast.Dict):
        if isinstance(key, ast.Constant):
            for name, value in zip(literal.keys, literal.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key.value:
                    return evaluator.variants(value, home, env)
        nodes: list[ast.expr] = literal.values
    elif isinstance(literal, (ast.List, ast.Tuple)):
        nodes = literal.elts
        number = key.value if isinstance(key, ast.Constant) else None
        if isinstance(number, int) and -len(nodes) <= number < len(nodes):
            return evaluator.variants(nodes[number], home, env)
    else:
        return None
    if not nodes:
        return None
    values = [
        evaluator.variants(n.elts[0] if isinstance(n, ast.Tuple) and n.elts else n, home, env)
        for n in nodes
    ]
    return choice(either(*values), code)


def is_constant_collection(evaluator: Evaluator, node: ast.expr, module: Module, env: Env) -> bool:
    if _is_members(node):
        return True
    items = items_of(evaluator, node, module, env)
    return items is not None and all(
        is_constant(evaluator.variants(n, items.module, env)) for n in items.nodes
    )


def _is_members(node: ast.expr) -> bool:
    """An enumeration, or what Django's enumerations offer of themselves."""
    if isinstance(node, ast.Attribute) and node.attr in _MEMBERS:
        node = node.value
        return _is_class_name(node)
    return _is_class_name(node)


def _is_class_name(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name[:1].isupper() and not name.isupper()


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
