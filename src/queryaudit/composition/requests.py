"""What in a source comes from the request, and what was compared with a list before its use."""

from __future__ import annotations

import ast

from queryaudit.composition.bindings import parameters
from queryaudit.composition.modules import Module

_PARTS = frozenset(
    {"GET", "POST", "query_params", "data", "COOKIES", "headers", "META", "body", "FILES"}
)
_PARTS |= {"path", "path_info", "content_params", "get_full_path", "json", "DATA"}
_REQUESTS = frozenset({"request", "req", "_request"})
_NUMBERS = frozenset({"int", "float", "bool", "Decimal", "UUID", "date", "datetime", "complex"})
#: Parameters of hooks that take a request and are no views.
_NOT_OF_URL = frozenset({"queryset", "qs", "view", "obj", "form", "formset", "model", "instance"})
_NOT_OF_URL |= {"response", "change", "sender", "user", "db_field", "get_response", "cursor"}
_TESTS = frozenset({"isdigit", "isdecimal", "isnumeric", "isidentifier", "isalnum", "isalpha"})
_MATCHERS = frozenset({"match", "fullmatch"})


def read_from_request(node: ast.expr) -> str | None:
    """``GET["q"]`` for an expression that reads a value of the request; None for others."""
    key = ""
    part: ast.expr = node
    while True:
        if isinstance(part, ast.Attribute):
            if part.attr in _PARTS and _is_request(part.value):
                return f"{part.attr}{key}"
            if part.attr == "kwargs" and _is_name(part.value, "self"):
                return f"kwargs{key}"
            if part.attr in ("get", "getlist", "pop", "strip", "decode"):
                part = part.value
                continue
            return None
        if isinstance(part, ast.Subscript):
            key = _key(part.slice) or key
            part = part.value
        elif isinstance(part, ast.Call):
            if isinstance(part.func, ast.Attribute) and part.func.attr == "loads" and part.args:
                part = part.args[0]
                continue
            if isinstance(part.func, ast.Attribute) and part.args:
                key = _key(part.args[0]) or key
            part = part.func
        else:
            return None


def _key(node: ast.expr) -> str:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return f'["{ast.literal_eval(node)}"]' if text else ""


def _is_request(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _REQUESTS
    return isinstance(node, ast.Name) and node.id in _REQUESTS


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def is_view(function: ast.AST) -> bool:
    """Whether it takes a request and so, as other arguments, parts of the URL."""
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    every = [argument.arg for argument in parameters(function.args)]
    if not _NOT_OF_URL.isdisjoint(every):
        return False
    names = every[:2]
    return "request" in names and (names[0] == "request" or names[0] in ("self", "cls"))


def is_number(annotation: ast.expr | None) -> bool:
    """Whether a parameter is annotated as something that has no text of its own."""
    if annotation is None:
        return False
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        names = annotation.value.replace("|", " ").split()
        return bool(names) and all(name in _NUMBERS or name == "None" for name in names)
    if isinstance(annotation, ast.BinOp):
        sides = (annotation.left, annotation.right)
        return all(is_number(side) or _is_none(side) for side in sides)
    if isinstance(annotation, ast.Attribute):
        return annotation.attr in _NUMBERS
    return isinstance(annotation, ast.Name) and annotation.id in _NUMBERS


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def is_checked(module: Module, node: ast.expr) -> bool:
    """Whether the name ``node`` is compared with what is allowed before it is used."""
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        return False
    known = module.checked.get(id(node))
    if known is None:
        known = module.checked[id(node)] = (node, _is_checked(module, node))
    return known[1]


def _is_checked(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Name) and _filtered(module, node):
        return True
    wanted = ast.dump(_loaded(node))
    scope = module.scope(node)
    for inner in ast.walk(scope):
        if (getattr(inner, "lineno", 0), 0) > (node.lineno, 1):
            continue
        if isinstance(inner, ast.Compare) and _compares(inner, wanted):
            if not any(isinstance(op, (ast.Eq, ast.NotEq)) for op in inner.ops):
                return True
            if _guards(module, inner, node):
                return True
        elif (isinstance(inner, ast.Call) and _tests(inner, wanted)) or (
            isinstance(inner, ast.Match)
            and ast.dump(_loaded(inner.subject)) == wanted
            and any(_within(case.body, node) for case in inner.cases[:-1])
        ):
            return True
    return False


def _filtered(module: Module, node: ast.Name) -> bool:
    """``[name for name in names if is_allowed(name)]``."""
    for outer in module.above(node):
        if isinstance(outer, ast.stmt):
            return False
        for generator in getattr(outer, "generators", ()):
            for test in generator.ifs:
                if not isinstance(test, (ast.Name, ast.Attribute)) and any(
                    isinstance(inner, ast.Name) and inner.id == node.id for inner in ast.walk(test)
                ):
                    return True
    return False


def _compares(compare: ast.Compare, wanted: str) -> bool:
    left = compare.left
    if not any(ast.dump(_loaded(n)) == wanted for n in ast.walk(left) if isinstance(n, ast.expr)):
        return False
    for operator, right in zip(compare.ops, compare.comparators, strict=True):
        if isinstance(operator, (ast.In, ast.NotIn)):
            text = isinstance(right, ast.Constant)
            return not text and read_from_request(right) is None
        if isinstance(operator, (ast.Eq, ast.NotEq)):
            return isinstance(right, ast.Constant) and isinstance(right.value, str)
    return False


def _guards(module: Module, compare: ast.Compare, node: ast.expr) -> bool:
    """``if name == "x":`` with the use in its body."""
    for outer in module.above(compare):
        if isinstance(outer, ast.If):
            return isinstance(compare.ops[0], ast.Eq) and _within(outer.body, node)
        if isinstance(outer, ast.stmt):
            return False
    return False


def _within(body: list[ast.stmt], node: ast.expr) -> bool:
    return bool(body) and body[0].lineno <= node.lineno <= (body[-1].end_lineno or 0)


def _tests(call: ast.Call, wanted: str) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr in _TESTS:
        return ast.dump(_loaded(function.value)) == wanted
    return function.attr in _MATCHERS and any(
        ast.dump(_loaded(argument)) == wanted for argument in call.args
    )


def _loaded(node: ast.AST) -> ast.AST:
    """As it is read, so that a target equals its use."""
    if isinstance(node, ast.Name):
        return ast.Name(node.id, ast.Load())
    return node
