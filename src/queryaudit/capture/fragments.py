"""The parts of a queryset's statement that somebody wrote as SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

from django.db.models.expressions import Func, RawSQL

_REACH = 40
_DEPTH = 12
#: What Django's own prefetches over a table in between select besides.
_PREFETCHED = "_prefetch_related_val_"


def query_of(frame: FrameType | None) -> Any:
    """The query whose compiler runs, if one of Django's does."""
    for _ in range(_REACH):
        if frame is None:
            return None
        if frame.f_code.co_name == "execute_sql":
            compiler = frame.f_locals.get("self")
            return getattr(compiler, "query", None)
        if frame.f_code.co_name == "_execute_query":
            return frame.f_locals.get("self")
        frame = frame.f_back
    return None


def fragments(query: Any) -> list[tuple[str, str]]:
    """(method that took it, text); empty for what Django put together alone."""
    return list(dict.fromkeys(_of_query(query, _DEPTH)))


def conditions(query: Any, values: Iterable[str]) -> list[tuple[str, str]]:
    """Which of some values may be a lookup of the query's ``filter()``: it keeps the columns and
    not the path by which it was told of them."""
    leaves = {leaf for node in _nodes(getattr(query, "where", None), _DEPTH) for leaf in node}
    found = []
    for value in values:
        name = value.rpartition("__")[2]
        for column, lookup in leaves:
            if name == lookup:
                name = value.removesuffix(f"__{lookup}").rpartition("__")[2]
            if name == column:
                found += [("filter", value), ("filter", f"{value}__{lookup}")]
    return list(dict.fromkeys(found))


def _nodes(node: Any, depth: int) -> Iterator[list[tuple[str, str]]]:
    """For each comparison the names of its column and of what compares."""
    if node is None or depth <= 0:
        return
    for child in getattr(node, "children", ()):
        yield from _nodes(child, depth - 1)
    lookup = getattr(node, "lookup_name", None)
    if lookup is None:
        return
    left: Any = getattr(node, "lhs", None)
    for _ in range(_DEPTH):
        if not hasattr(left, "lhs"):
            break
        left = left.lhs
    field = getattr(left, "target", None)
    names = (getattr(field, "name", None), getattr(field, "attname", None))
    yield [(str(name).casefold(), lookup) for name in dict.fromkeys(names) if name is not None]


def _of_query(query: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth <= 0 or query is None:
        return
    for name, (text, _) in getattr(query, "extra", {}).items():
        if not str(name).startswith(_PREFETCHED):
            yield "extra", str(text)
    for name in (*getattr(query, "extra_tables", ()), *getattr(query, "extra_order_by", ())):
        yield "extra", str(name)
    for item in getattr(query, "order_by", ()):
        if isinstance(item, str):
            yield "order_by", item
        else:
            yield from _of_expression(item, depth - 1)
    for name in getattr(query, "values_select", ()):
        yield "values", str(name)
    for expression in getattr(query, "annotations", {}).values():
        yield from _of_expression(expression, depth - 1)
    where = getattr(query, "where", None)
    if where is not None:
        yield from _of_where(where, depth - 1)


def _of_where(node: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth <= 0:
        return
    for text in getattr(node, "sqls", None) or ():
        yield "extra", str(text)
    for child in getattr(node, "children", ()):
        yield from _of_where(child, depth - 1)
    for side in ("lhs", "rhs"):
        value = getattr(node, side, None)
        if hasattr(value, "get_source_expressions"):
            yield from _of_expression(value, depth - 1)


def _of_expression(expression: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth <= 0 or not hasattr(expression, "get_source_expressions"):
        return
    if isinstance(expression, RawSQL):
        yield "RawSQL", str(expression.sql)
    elif isinstance(expression, Func):
        for name in ("template", "function"):
            value = expression.extra.get(name)
            if isinstance(value, str):
                yield "Func", value
    query = getattr(expression, "query", None)
    if query is not None and hasattr(query, "where"):
        yield from _of_query(query, depth - 1)
    for inner in expression.get_source_expressions():
        yield from _of_expression(inner, depth - 1)
