"""The loop around a query, as far as its header tells."""

from __future__ import annotations

import ast
import keyword
from dataclasses import dataclass

from queryaudit.advice.arguments import code_of


@dataclass(frozen=True, slots=True)
class Loop:
    """``for target in iterable``."""

    target: ast.expr
    iterable: ast.expr
    is_async: bool

    @property
    def target_code(self) -> str:
        if isinstance(self.target, ast.Tuple) and self.target.elts:
            return ", ".join(map(code_of, self.target.elts))
        return code_of(self.target)

    @property
    def names(self) -> frozenset[str]:
        """The variables that change from round to round."""
        return names_in(self.target)

    def changes(self, node: ast.expr) -> bool:
        return bool(names_in(node) & self.names)

    def prepared(self) -> tuple[list[str], str]:
        """Lines that keep what can be read only once, and the name to read it by."""
        code = code_of(self.iterable)
        name = plural(self.target.id) if isinstance(self.target, ast.Name) else "items"
        name = code if isinstance(self.iterable, ast.Name) else name
        if self.is_async:
            return [f"{name} = [{self.target_code} async for {self.target_code} in {code}]"], name
        call = self.iterable.func if isinstance(self.iterable, ast.Call) else None
        if isinstance(call, ast.Name) and call.id == "range":
            return [], code
        if isinstance(self.iterable, ast.Name | ast.Attribute | ast.List | ast.Tuple | ast.Set):
            return [], code
        if isinstance(call, ast.Name) and call.id in ("list", "tuple", "sorted"):
            return [f"{name} = {code}"], name
        return [f"{name} = list({code})"], name

    def values(self, expression: ast.expr, iterable: str) -> str:
        """All values that ``expression`` takes in the loop, as a list."""
        if code_of(expression) == code_of(self.target):
            return iterable
        return f"[{code_of(expression)} for {self.target_code} in {iterable}]"


def read_loop(text: str | None) -> Loop | None:
    """The loop of a ``for`` header; None for ``while`` and for what is no loop."""
    if not text or "\n" in text or not text.startswith(("for ", "async for ")):
        return None
    try:
        tree = ast.parse(f"{text.rstrip().rstrip(':')}: pass")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    node = tree.body[0]
    if isinstance(node, ast.For | ast.AsyncFor):
        return Loop(node.target, node.iter, isinstance(node, ast.AsyncFor))
    return None


def names_in(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def plural(name: str) -> str:
    """``book``, books; good enough for a variable."""
    if keyword.iskeyword(f"{name}s"):
        return f"{name}_list"
    if len(name) > 1 and name.endswith("y") and name[-2:-1] not in tuple("aeiou"):
        return f"{name[:-1]}ies"
    if len(name) > 1 and name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    return f"{name}s"
