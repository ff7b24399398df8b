"""What calls make of text: string methods, and functions of the project."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from queryaudit.composition import containers, formatting
from queryaudit.composition.bindings import Bound
from queryaudit.composition.formats import cut_dollars
from queryaudit.composition.modules import Module, absolute
from queryaudit.composition.requests import read_from_request
from queryaudit.composition.values import (
    Text,
    Variant,
    Variants,
    code_of,
    either,
    gap,
    worst,
)
from queryaudit.records.texts import HoleKind

if TYPE_CHECKING:
    from queryaudit.composition.evaluation import Env, Evaluator

_NUMBERS = frozenset(
    {"int", "float", "len", "abs", "round", "sum", "ord", "bool", "hash", "Decimal"}
)
_NUMBERS |= {"count", "bit_length", "timestamp", "toordinal", "time", "uuid4", "UUID", "token_hex"}
_QUOTERS = frozenset({"quote_name", "quote_ident", "quote_identifier", "quote_name_unless_alias"})
_QUOTERS |= {"get_table_name", "qn"}
_COMPOSERS = frozenset({"Identifier", "Literal", "Placeholder", "Composed"})
_COMPILERS = frozenset(
    {"as_sql", "sql_with_params", "compile", "get_compiler", "mogrify", "as_string"}
)
_COMPILERS |= {"field_cast_sql", "date_trunc_sql", "limit_offset_sql", "datetime_trunc_sql"}
_FILES = frozenset({"read_text", "read", "read_bytes", "readlines", "resource_string"})
_SAME = frozenset(
    {"str", "text", "force_str", "cast", "mark_safe", "SQL", "SafeString", "cleandoc"}
)
_STRIPPED = frozenset({"strip", "lstrip", "rstrip", "removesuffix", "removeprefix"})
_KEPT = _STRIPPED | {"lower", "upper", "title", "casefold", "capitalize", "encode", "decode"}
_KEPT |= {"expandtabs", "dedent", "indent", "as_string", "replace"}
_ONE_OF = frozenset({"choice", "next", "min", "max"})


def call(evaluator: Evaluator, node: ast.Call, module: Module, env: Env) -> Variants:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    told = read_from_request(node)
    if name in _NUMBERS:
        return gap(HoleKind.NUMBER, node)
    if name.endswith("quote_name") or name in _QUOTERS or _is_quoter(function, module):
        return gap(HoleKind.IDENTIFIER, node)
    if told is not None:
        return gap(HoleKind.REQUEST, told)
    if name in _COMPOSERS:
        return gap(HoleKind.COMPOSED, node)
    if name in _COMPILERS and name != "as_string":
        return gap(HoleKind.COMPOSED, node)
    if isinstance(function, ast.Attribute):
        found = _method(evaluator, node, function, module, env)
        if found is not None:
            return found
    if name in _SAME | {"dedent", "indent"} and node.args:
        inner = node.args[1] if name == "cast" and len(node.args) > 1 else node.args[0]
        value = evaluator.variants(inner, module, env)
        return _mapped(value, textwrap.dedent) if name == "dedent" else value
    if (
        name in _ONE_OF
        and node.args
        and containers.is_constant_collection(evaluator, node.args[0], module, env)
    ):
        return gap(HoleKind.CONSTANT, node)
    if name == "getattr" and node.args and code_of(node.args[0]).endswith(("settings", "_meta")):
        return gap(HoleKind.CONSTANT, node)
    found = _followed(evaluator, node, module, env)
    if found is not None:
        return found
    if name in _FILES:
        return gap(HoleKind.FILE, node)
    if isinstance(function, ast.Attribute) and told_by(evaluator, function.value, module, env):
        return evaluator.unread(node, module, env)
    # What a function makes of its arguments is not known: it may refuse some of them.
    return gap(HoleKind.OPAQUE, node)


def told_by(evaluator: Evaluator, owner: ast.expr, module: Module, env: Env) -> bool:
    """Whether the object that has the method is of the request."""
    if isinstance(owner, ast.Name) and owner.id in ("self", "cls"):
        return False
    return worst(evaluator.variants(owner, module, env)) is HoleKind.REQUEST


def _is_quoter(function: ast.expr, module: Module) -> bool:
    """A name that was bound to ``connection.ops.quote_name``."""
    if not isinstance(function, ast.Name):
        return False
    scopes = [module.scope(function), module.tree]
    values = [b.value for s in scopes for b in module.bindings(s).get(function.id, ())]
    return any(isinstance(v, ast.Attribute) and v.attr in _QUOTERS for v in values)


def _method(
    evaluator: Evaluator, node: ast.Call, function: ast.Attribute, module: Module, env: Env
) -> Variants | None:
    name, owner = function.attr, function.value
    if name == "format":
        return formatting.formatted(
            evaluator, node, evaluator.variants(owner, module, env), module, env
        )
    if name == "join" and len(node.args) == 1:
        return formatting.join(evaluator, node, owner, node.args[0], module, env)
    if name in ("substitute", "safe_substitute") and isinstance(owner, ast.Call) and owner.args:
        left = evaluator.variants(owner.args[0], module, env)
        return formatting.fill(evaluator, node, left, cut_dollars, "Template", module, env)
    if name == "get":
        return containers.got(evaluator, node, module, env)
    if name == "replace" and len(node.args) >= 2:
        return formatting.replace(evaluator, node, owner, module, env)
    if name in _KEPT and not (isinstance(owner, ast.Name) and owner.id in ("textwrap", "inspect")):
        value = evaluator.variants(owner, module, env)
        if name in ("lower", "upper", "title", "capitalize", "casefold"):
            return _mapped(value, getattr(str, name))
        return _stripped(value) if name in _STRIPPED and not node.args else value
    return None


def _mapped(value: Variants, change: Callable[[str], str]) -> Variants:
    return tuple(
        tuple(Text(change(part.text)) if isinstance(part, Text) else part for part in variant)
        for variant in value
    )


def _stripped(value: Variants) -> Variants:
    def strip(variant: Variant) -> Variant:
        parts = list(variant)
        if parts and isinstance(parts[0], Text):
            parts[0] = Text(parts[0].text.lstrip())
        if parts and isinstance(parts[-1], Text):
            parts[-1] = Text(parts[-1].text.rstrip())
        return tuple(parts)

    return tuple(strip(variant) for variant in value)


def _followed(evaluator: Evaluator, node: ast.Call, module: Module, env: Env) -> Variants | None:
    """What a function of the project returns."""
    found = _function(evaluator, node.func, module)
    if found is None or (id(found[0]), "()") in evaluator.active:
        return None
    function, home = found
    evaluator.active.add((id(function), "()"))
    try:
        values, inner = evaluator.inlined(node, function, home, module, env)
        texts = [
            evaluator.variants(v.elts[0] if isinstance(v, ast.Tuple) and v.elts else v, home, inner)
            for v in values
        ]
        return either(*texts) if texts else None
    finally:
        evaluator.active.discard((id(function), "()"))


def unpacked(
    evaluator: Evaluator, value: ast.expr, index: tuple[int, ...], module: Module, env: Env
) -> Variants:
    """``sql, params = value``: one of its elements."""
    if isinstance(value, ast.Call) and len(index) == 1 and index[0] >= 0:
        function = value.func
        if isinstance(function, ast.Attribute) and function.attr in _COMPILERS:
            return gap(HoleKind.COMPOSED, value)
        found = _function(evaluator, function, module)
        if found is not None and (id(found[0]), "()") not in evaluator.active:
            evaluator.active.add((id(found[0]), "()"))
            try:
                values, inner = evaluator.inlined(value, found[0], found[1], module, env)
                texts = [
                    evaluator.variants(v.elts[index[0]], found[1], inner)
                    for v in values
                    if isinstance(v, ast.Tuple) and index[0] < len(v.elts)
                ]
                if texts:
                    return either(*texts)
            finally:
                evaluator.active.discard((id(found[0]), "()"))
    if isinstance(value, (ast.Tuple, ast.List)) and index and 0 <= index[0] < len(value.elts):
        return evaluator.variants(value.elts[index[0]], module, env)
    if isinstance(value, ast.Subscript):
        return containers.item(evaluator, value, module, env) or evaluator.unread(
            value, module, env
        )
    return evaluator.unread(value, module, env)


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _function(
    evaluator: Evaluator, called: ast.expr, module: Module
) -> tuple[_Function, Module] | None:
    """The definition of what is called, if it is the project's and can be told."""
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        owner = called.value.id
        if owner in ("self", "cls"):
            cls = module.class_of(called)
            return _defined(module, cls, called.attr) if cls is not None else None
        for binding in module.bindings(module.tree).get(owner, ()):
            if isinstance(binding.node, ast.ClassDef):
                return _defined(module, binding.node, called.attr)
            if binding.kind is Bound.IMPORT:
                path, _, name = binding.source.partition(":")
                base = absolute(path, module)
                other = evaluator.library.module(f"{base}.{name}" if name else base)
                if other is not None:
                    return _defined(other, other.tree, called.attr)
        return None
    if not isinstance(called, ast.Name):
        return None
    scope = module.scope(called)
    while True:
        for binding in module.bindings(scope).get(called.id, ()):
            if isinstance(binding.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return binding.node, module
            if binding.kind is Bound.IMPORT:
                path, _, name = binding.source.partition(":")
                other = evaluator.library.module(absolute(path, module)) if name else None
                return _defined(other, other.tree, name) if other is not None else None
        if scope is module.tree:
            return None
        scope = module.scope(scope)


def _defined(
    module: Module, scope: ast.ClassDef | ast.Module, name: str
) -> tuple[_Function, Module] | None:
    for binding in module.bindings(scope).get(name, ()):
        if isinstance(binding.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return binding.node, module
    return None
