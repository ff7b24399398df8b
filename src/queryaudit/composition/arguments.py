"""Which argument of a call reaches which parameter."""

from __future__ import annotations

import ast

from queryaudit.composition.bindings import parameters


def bind(call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.expr]:
    """The arguments of a call by the names of the function's parameters, defaults included."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    found: dict[str, ast.expr] = {}
    defaults = arguments.defaults
    for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
        found[name] = default
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            found[argument.arg] = value
    if names[:1] in (["self"], ["cls"]) and isinstance(call.func, ast.Attribute):
        names = names[1:]
    for name, value in zip(names, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        found[name] = value
    known = {argument.arg for argument in parameters(arguments)}
    found.update({k.arg: k.value for k in call.keywords if k.arg in known})
    return found


def defaults(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    return [*function.args.defaults, *filter(None, function.args.kw_defaults)]
