"""Calls that hand SQL text to the database."""

from __future__ import annotations

import ast
from typing import NamedTuple

from queryaudit.composition.bindings import Bound
from queryaudit.composition.modules import Module

_EXECUTING = frozenset({"execute", "executemany"})
#: Methods that take names of columns, which Django looks up, by what a finding calls them.
NAMING = {
    **dict.fromkeys(("filter", "exclude"), "filter"),
    **dict.fromkeys(("values", "values_list"), "values"),
    "order_by": "order_by",
}
NAMES = frozenset(NAMING.values())
#: Methods of texts, and of what holds them, that make a name.
_MAKING = frozenset(
    {
        *("get", "getlist", "pop", "format", "join", "replace", "removeprefix", "removesuffix"),
        *("lower", "upper", "strip", "lstrip", "rstrip", "split"),
    }
)
_EXPRESSIONS = frozenset({"Func", "Aggregate", "Transform", "Expression", "Count", "Sum", "Max"})
_MODELS = ("django.db.models", "django.contrib.postgres")
_FRAGMENTS = frozenset({"template", "function", "arg_joiner"})
_EXTRA = ("select", "where", "params", "tables", "order_by", "select_params")
_NOT_SQL = frozenset(
    {"executor", "command", "query_executor", "task", "action", "pipeline", "redis"}
)


class Sink(NamedTuple):
    """One text that a call takes. ``method`` reads like ``cursor.execute``."""

    call: ast.Call
    method: str
    texts: tuple[ast.expr, ...]
    parameters: ast.expr | None
    fragment: bool  #: a part of a statement that Django completes


def sink_of(call: ast.Call, module: Module) -> Sink | None:
    """What a call hands over; None for calls that take no SQL."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in _EXECUTING and isinstance(function, ast.Attribute):
        return _execute(call, name, function)
    if name == "raw" and isinstance(function, ast.Attribute):
        text = _argument(call, 0, "raw_query")
        if text is None or isinstance(function.value, ast.Constant):
            return None
        return Sink(call, "raw", (text,), _argument(call, 1, "params"), False)
    if name == "extra" and isinstance(function, ast.Attribute):
        return _extra(call)
    if name == "RawSQL":
        text = _argument(call, 0, "sql")
        parameters = _argument(call, 1, "params")
        return Sink(call, "RawSQL", (text,), parameters, True) if text is not None else None
    if name in NAMING and isinstance(function, ast.Attribute):
        texts = _conditions(call, module) if NAMING[name] == "filter" else _names(call)
        return Sink(call, NAMING[name], texts, None, True) if texts else None
    if name[:1].isupper() and call.keywords:
        texts = tuple(k.value for k in call.keywords if k.arg in _FRAGMENTS)
        if texts and _is_expression(name, function, module):
            return Sink(call, name, texts, None, True)
    return None


def _names(call: ast.Call) -> tuple[ast.expr, ...]:
    """The arguments that don't stand in the source, and are no expressions of the ORM."""
    texts = (a.value if isinstance(a, ast.Starred) else a for a in call.args)
    return tuple(text for text in texts if _may_be_name(text))


def _may_be_name(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in _MAKING
    return not isinstance(node, (ast.Constant, ast.Dict, ast.Lambda))


def _conditions(call: ast.Call, module: Module) -> tuple[ast.expr, ...]:
    """The keys of ``filter(**{key: value})`` that don't stand in the source."""
    found: list[ast.expr] = []
    for keyword in call.keywords:
        given = keyword.value if keyword.arg is None else None
        if isinstance(given, ast.Name):
            bindings = module.bindings(module.scope(given)).get(given.id, [])
            given = bindings[0].value if len(bindings) == 1 else None
        if isinstance(given, ast.Dict):
            found += [key for key in given.keys if key is not None and _may_be_name(key)]
        elif isinstance(given, ast.DictComp):
            found += [given.key] if _may_be_name(given.key) else []
        elif isinstance(given, ast.Call) and getattr(given.func, "attr", "") == "dict":
            found.append(given)  # request.GET.dict()
    return tuple(found)


def _is_expression(name: str, function: ast.expr, module: Module) -> bool:
    """Whether a class is one of Django's expressions, as far as its name and bases tell."""
    if name in _EXPRESSIONS or isinstance(function, ast.Attribute):
        return name in _EXPRESSIONS
    for binding in module.bindings(module.tree).get(name, ()):
        if binding.kind is Bound.IMPORT and binding.source.startswith(_MODELS):
            return True
        if isinstance(binding.node, ast.ClassDef):
            bases = [
                b.attr if isinstance(b, ast.Attribute) else getattr(b, "id", "")
                for b in binding.node.bases
            ]
            return any(base in _EXPRESSIONS for base in bases)
    return False


def _execute(call: ast.Call, name: str, function: ast.Attribute) -> Sink | None:
    text = _argument(call, 0, "sql") or _argument(call, 0, "query")
    if text is None or isinstance(text, ast.Starred):
        return None
    owner = function.value
    called = owner.func if isinstance(owner, ast.Call) else owner
    on = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if on in _NOT_SQL or on.endswith(("executor", "pool")):
        return None
    return Sink(call, f"cursor.{name}", (text,), _argument(call, 1, "params"), False)


def _extra(call: ast.Call) -> Sink | None:
    texts: list[ast.expr] = []
    parameters: ast.expr | None = None
    named = dict(zip(_EXTRA, call.args, strict=False))
    named |= {k.arg: k.value for k in call.keywords if k.arg in _EXTRA}
    if not named:
        return None
    for name, value in named.items():
        if name in ("params", "select_params"):
            parameters = value
        elif isinstance(value, ast.Dict):
            texts.extend(value.values)
        elif isinstance(value, (ast.List, ast.Tuple)):
            texts.extend(value.elts)
        else:
            texts.append(value)
    return Sink(call, "extra", tuple(texts), parameters, True) if texts else None


def _argument(call: ast.Call, index: int, name: str) -> ast.expr | None:
    if index < len(call.args):
        return call.args[index]
    return next((k.value for k in call.keywords if k.arg == name), None)
