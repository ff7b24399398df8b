"""The answer of a question in a variable: what to call it, and the expression that keeps it."""

from __future__ import annotations

import ast
from typing import NamedTuple

from queryaudit.advice.arguments import code_of
from queryaudit.advice.loops import names_in
from queryaudit.advice.source import expression_at, read_source
from queryaudit.detectors.duplicates.questions import header_at, question_at
from queryaudit.records.definitions import Frame

#: What gives a queryset, which asks once for each of those that go over it anew.
_LAZY = frozenset(
    {
        *("all", "filter", "exclude", "order_by", "reverse", "distinct", "annotate", "alias"),
        *("select_related", "prefetch_related", "defer", "only", "using", "values"),
        *("values_list", "union", "intersection", "difference", "extra", "none"),
    }
)
#: What asks at once and gives one answer.
_AT_ONCE = frozenset(
    {
        *("get", "first", "last", "earliest", "latest", "count", "exists", "aggregate"),
        *("aget", "afirst", "alast", "aearliest", "alatest", "acount", "aexists", "aaggregate"),
        *("contains", "acontains", "in_bulk", "ain_bulk", "execute"),
        *("get_object_or_404", "aget_object_or_404", "get_list_or_404", "aget_list_or_404"),
    }
)
_LISTS = ("list", "tuple")


class Answer(NamedTuple):
    name: str
    code: str | None  #: None where the place can't have it in a variable as it is written


class Names(NamedTuple):
    """What the answer would be called for what it is."""

    one: str
    many: str


def answer_at(frame: Frame, names: Names, taken: str = "") -> Answer:
    """``taken``: the header of a loop around it."""
    asked = expression_at(frame)
    if asked is not None and asked.isidentifier():
        return Answer(asked, f"list({asked})")  # a queryset that a loop goes over
    asked = question_at(frame)
    node = _parsed(asked) if asked is not None else None
    if asked is None or node is None or _is_handed_on(node):
        return Answer(names.one, None)
    given = _given(frame, node)
    rows = _rows(node, frame)
    if rows is None and given is None and not _is_known(node):
        return Answer(names.one, None)
    used = names_in(node) | _names(taken)
    name = names.many if rows is not None else names.one
    if name in used:
        name = "rows" if rows is not None else "answer"
    if given is not None and given not in used:
        name = given
    if rows is not None:
        return Answer(name, f"list({code_of(rows)})")
    return Answer(name, code_of(node) if " ." in asked else asked)


def _is_handed_on(node: ast.expr) -> bool:
    """Whether it is called with whatever came, and so answers another question each time."""
    given = node.args if isinstance(node, ast.Call) else []
    return any(isinstance(argument, ast.Starred) for argument in given)


def _rows(node: ast.expr, frame: Frame) -> ast.expr | None:
    """What a list has to be made of for the rows to be kept; None where it is one answer."""
    if isinstance(node, ast.Call) and _is_list(node):
        return _without_iterator(node.args[0])
    bare = _without_iterator(node)
    if bare is not node or _method(node) in _LAZY:
        return bare
    return node if _is_gone_through(node, frame) else None


def _is_list(node: ast.Call) -> bool:
    return _method(node) in _LISTS and len(node.args) == 1 and not node.keywords


def _without_iterator(node: ast.expr) -> ast.expr:
    """``iterator()`` gives its rows once."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        rows = node.func.value
        if node.func.attr != "iterator":
            return node
        # A manager, as `Book.objects`, is no queryset.
        is_manager = isinstance(rows, ast.Attribute)
        return ast.Call(ast.Attribute(rows, "all"), [], []) if is_manager else rows
    return node


def _is_known(node: ast.expr) -> bool:
    """Whether the expression is the question, and no call on whose way something asks."""
    node = node.value if isinstance(node, ast.Await) else node
    return not isinstance(node, ast.Call) or _method(node) in _AT_ONCE


def _method(node: ast.expr) -> str:
    if not isinstance(node, ast.Call):
        return ""
    called = node.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _is_gone_through(node: ast.expr, frame: Frame) -> bool:
    """Whether a loop or a comprehension goes over it: a method of the project gives rows."""
    code = code_of(node)
    header = header_at(frame)
    if header is not None:
        return code_of(header.iterable) == code
    source = read_source(frame)
    if source is None:
        return False
    loops = (n for n in ast.walk(source.tree) if isinstance(n, (ast.For, ast.comprehension)))
    return any(
        (span := source.span(n.iter)) is not None
        and span.meets(source.focus)
        and code_of(n.iter) == code
        for n in loops
    )


def _given(frame: Frame, node: ast.expr) -> str | None:
    """The variable that has the answer where it is asked for."""
    source = read_source(frame)
    if source is None:
        return None
    code = code_of(node)
    for each in ast.walk(source.tree):
        if not isinstance(each, ast.Assign) or len(each.targets) != 1:
            continue
        [target], span = each.targets, source.span(each.value)
        if span is None or not span.meets(source.focus) or not isinstance(target, ast.Name):
            continue
        value = each.value.value if isinstance(each.value, ast.Await) else each.value
        kept = [value, *(value.args if isinstance(value, ast.Call) and _is_list(value) else ())]
        if code in map(code_of, kept):
            return target.id
    return None


def _parsed(code: str) -> ast.expr | None:
    try:
        return ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None


def _names(code: str) -> frozenset[str]:
    try:
        return names_in(ast.parse(f"{code}:\n pass"))
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
