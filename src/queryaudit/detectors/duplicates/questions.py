"""A question as it is written, in the form in which its answer can be kept."""

from __future__ import annotations

import ast
import re

from queryaudit.advice.arguments import code_of
from queryaudit.advice.loops import Loop, read_loop
from queryaudit.advice.source import expression_at
from queryaudit.records.definitions import Frame

_LONGEST = 300
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: What a template's tag asks: `{% for book in shop.books.all %}`, `{% if shop.books.all %}`.
_IN_TEMPLATE = re.compile(r"(?:for [\w, ]+ in |if |elif )?([\w.]+(?:\|\w+)?)")
#: Names of a tag's variables, without those that it gives values to; texts are not looked into.
_NAMES = re.compile(r"(?<![\w.|'\"])([A-Za-z_][\w.]*)(?![\w.]|\s*=[^=]|['\"|(])")
_WORDS = frozenset({"if", "elif", "and", "or", "not", "is", "in", "None", "True", "False"})
_WORDS |= {"with", "blocktrans", "blocktranslate", "count", "trimmed", "plural", "as"}


def question_at(frame: Frame) -> str | None:
    """An expression for the answer: a list where it is rows that the code goes over.

    None where the place has it in a variable already, or the expression is half a function.
    """
    asked = expression_at(frame)
    header = header_at(frame)
    if header is not None:
        asked = code_of(header.iterable)
    if asked is None:
        return None
    node = ast.parse(asked, mode="eval").body
    if isinstance(node, ast.Name) or len(asked) > _LONGEST:
        return None
    if isinstance(node, _COMPREHENSIONS):
        return f"list({code_of(node.generators[0].iter)})"
    rows = _counted(node)
    return f"list({code_of(rows)})" if rows is not None else asked


def header_at(frame: Frame) -> Loop | None:
    """The loop as which a frame stands: Python 3.11 names all of it where its iterable asks."""
    if frame.snippet_line is None or frame.column is None:
        return None
    here = frame.line - frame.snippet_line
    line = frame.snippet[here] if 0 <= here < len(frame.snippet) else ""
    return read_loop(line.encode()[frame.column :].decode(errors="replace"))


def _counted(node: ast.expr) -> ast.expr | None:
    """The queryset of ``len(queryset)`` and ``bool(queryset)``, whose rows are the answer."""
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return None
    is_builtin = isinstance(node.func, ast.Name) and node.func.id in ("len", "bool")
    return node.args[0] if is_builtin else None


def question_in_template(frame: Frame) -> str | None:
    """What a tag evaluates, where that is one variable and at most one plain filter."""
    found = _IN_TEMPLATE.fullmatch(frame.function)
    if found is not None:
        return found.group(1)
    # `{% if shop.books.count > 1 %}`, `{% blocktrans count number=shop.books.count %}`
    names = {name for name in _NAMES.findall(frame.function) if name not in _WORDS}
    return names.pop() if len(names) == 1 else None
