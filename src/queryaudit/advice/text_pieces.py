"""Texts of the source cut at what is put into them: f-strings, ``+``, ``%`` and ``format()``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

#: A placeholder, or a percent sign that stands for itself.
FIELD = re.compile(r"%(?:\((\w+)\))?s|%%")
_BRACE = re.compile(r"\{(\w*)(?:![rs])?\}|\{\{|\}\}")

#: A text cut at what is put in: strings and expressions in turn.
Pieces = list["str | ast.expr"]


def pieces_of(node: ast.expr) -> Pieces | None:
    """None for what is no text, or is put together in another way."""
    match node:
        case ast.Constant(value=str(value)):
            return [value]
        case ast.JoinedStr():
            return _of_f_string(node)
        case ast.BinOp(op=ast.Add()):
            left, right = pieces_of(node.left), pieces_of(node.right)
            return merged([*(left or [node.left]), *(right or [node.right])])
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(text))):
            put_in = node.right
            values = list(put_in.elts) if isinstance(put_in, ast.Tuple) else [put_in]
            if isinstance(put_in, ast.Dict):
                return None
            return _filled(FIELD.finditer(text), text, values, {})
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            named = {k.arg: k.value for k in node.keywords if k.arg is not None}
            return _filled(_BRACE.finditer(text), text, list(node.args), named)
    return None


def _of_f_string(node: ast.JoinedStr) -> Pieces | None:
    found: Pieces = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            if part.format_spec is not None or part.conversion not in (-1, 115):
                return None
            found.append(part.value)
        elif isinstance(part, ast.Constant):
            found.append(str(part.value))
    return merged(found)


def _filled(
    matches: Iterator[re.Match[str]],
    text: str,
    values: list[ast.expr],
    named: dict[str, ast.expr],
) -> Pieces | None:
    found: Pieces = []
    position = number = 0
    for match in matches:
        found.append(text[position : match.start()])
        position = match.end()
        if match.group() in ("%%", "{{", "}}"):
            found.append(match.group()[0])
            continue
        name = match.group(1) or ""
        if name and not name.isdigit():
            value = named.get(name)
        else:
            place = int(name) if name else number
            number += 1
            value = values[place] if place < len(values) else None
        if value is None or isinstance(value, ast.Starred):
            return None
        found.append(value)
    found.append(text[position:])
    return merged(found)


def merged(pieces: Pieces) -> Pieces:
    """Neighbouring strings made one."""
    found: Pieces = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    return found
