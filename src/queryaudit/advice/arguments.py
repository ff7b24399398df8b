"""What the arguments of queryset calls say, as far as they are written out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence


class MergeError(Exception):
    """The calls can't be merged into this code with certainty."""


def parse_call(code: str) -> ast.Call:
    try:
        call = ast.parse(f"x{code}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise MergeError from None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        raise MergeError
    return call


def code_of(node: ast.expr) -> str:
    """Source of an expression, with double quotes as in the code that people write."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return quote(node.value) if node.value.isprintable() else repr(node.value)
    if isinstance(node, ast.Call):
        return f"{code_of(node.func)}({code_of_arguments(node)})"
    if isinstance(node, ast.Attribute):
        return f"{code_of(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return f"{code_of(node.value)}[{code_of(node.slice)}]"
    return ast.unparse(node)


def code_of_arguments(call: ast.Call) -> str:
    codes = [code_of(argument) for argument in call.args]
    for keyword in call.keywords:
        before = f"{keyword.arg}=" if keyword.arg else "**"
        codes.append(before + code_of(keyword.value))
    return ", ".join(codes)


def quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def literals(nodes: Iterable[ast.expr]) -> set[str]:
    return {text for node in nodes if (text := literal(node)) is not None}


def strings(nodes: Sequence[ast.expr]) -> list[str]:
    """The arguments as strings; refused if one of them is anything else."""
    texts = [literal(node) for node in nodes]
    if None in texts:
        raise MergeError
    return [text for text in texts if text is not None]


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def argument_of(node: ast.expr, position: int, name: str) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    if len(node.args) > position:
        return node.args[position]
    return keyword_of(node, name)


def keyword_of(node: ast.expr, name: str) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def lookup_path(node: ast.expr) -> str | None:
    """The lookup of a ``prefetch_related`` argument, as far as it is written out."""
    return literal(node) or literal(argument_of(node, 0, "lookup"))


def plain_paths(nodes: Iterable[ast.expr]) -> set[str]:
    """Lookups that fill a relation's own cache, not an attribute of another name."""
    return {lookup_path(node) or "" for node in nodes if keyword_of(node, "to_attr") is None}


def is_covered(path: str, known: Iterable[str]) -> bool:
    return any(other == path or other.startswith(f"{path}__") for other in known)


def prefixes(path: str) -> list[str]:
    parts = path.split("__")
    return ["__".join(parts[: count + 1]) for count in range(len(parts))]


def not_loaded(path: str, columns: Sequence[str]) -> str | None:
    """The part of a joined path that ``only(*columns)`` leaves out, if any."""
    for prefix in prefixes(path):
        if prefix in columns:
            return None
        if not any(column.startswith(f"{prefix}__") for column in columns):
            return prefix
    return None
