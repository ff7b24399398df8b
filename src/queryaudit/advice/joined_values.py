"""Values that were joined into the text of an ``IN (...)``, with a placeholder for each instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

LIST_BEFORE = re.compile(r"\bIN\s*\(\s*\Z", re.I)
#: Between values that stand in quotes.
_QUOTES = re.compile(r"\A'\s*,\s*'\Z")


def bound_list(method: str, pieces: Sequence[str | ast.expr]) -> str | None:
    """The code for a call of ``method`` whose text is put together of ``pieces``; None unless a
    list is all that is put in."""
    match pieces:
        case [str(before), ast.expr() as joined, str(after)]:
            found = _joined(joined)
        case _:
            return None
    if found is None:
        return None
    separator, values = found
    if _QUOTES.match(separator) and before.endswith("'") and after.startswith("'"):
        before, after = before[:-1], after[1:]
    elif separator.strip() != ",":
        return None
    if not LIST_BEFORE.search(before) or not after.lstrip().startswith(")"):
        return None
    name, lines = ast.unparse(values), []
    if not isinstance(values, ast.Name):
        name, lines = "values", [f"values = list({name})"]
    ends = [end.replace("%", "%%").replace("{", "{{").replace("}", "}}") for end in (before, after)]
    lines.append(f'marks = ", ".join(["%s"] * len({name}))')
    lines.append(f"{method}(f{written('{marks}'.join(ends))}, {name})")
    return "\n".join(lines)


def _joined(node: ast.expr) -> tuple[str, ast.expr] | None:
    """What is put between which values: ``",".join(map(str, keys))``."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(separator)), attr="join"),
            args=[values],
            keywords=[],
        ):
            all_of_them = _as_they_are(values)
            return (separator, all_of_them) if all_of_them is not None else None
        case _:
            return None


def _as_they_are(values: ast.expr) -> ast.expr | None:
    """What the values are taken from, if they are all that is in it and nothing else."""
    match values:
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="str"), inner]):
            return inner
        case ast.GeneratorExp() | ast.ListComp():
            [first, *more] = values.generators
            whole = isinstance(first.target, ast.Name) and not (more or first.ifs or first.is_async)
            same = ast.unparse(of_text(values.elt)) == ast.unparse(first.target)
            return first.iter if whole and same else None
        case ast.Name() | ast.Attribute():
            return values
        case _:
            return None


def of_text(value: ast.expr) -> ast.expr:
    """``number`` of ``str(number)``: what stood in the text without quotes is no text."""
    match value:
        case ast.Call(func=ast.Name(id="str"), args=[inner], keywords=[]):
            return inner
        case _:
            return value


def written(text: str) -> str:
    """As a literal."""
    if "\n" in text:
        return '"""' + text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '"""'
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
