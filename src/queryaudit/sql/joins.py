"""The joins of a statement of Django's compiler, which writes each of them the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_NAME = r"[\"`]([^\"`]+)[\"`]"
_JOIN = re.compile(
    rf"(?:INNER|LEFT OUTER) JOIN {_NAME}(?: (\w+))?"
    rf" ON \({_NAME}\.{_NAME} = ({_NAME}|\w+)\.{_NAME}"
    # Of a generic relation the type is part of the condition.
    rf"(?: AND \((?:{_NAME}|\w+)\.[\"`]content_type_id[\"`] = %s\))?\)"
)
_USED = re.compile(rf"(?:{_NAME}|\b(T\d+))\.[\"`]")
_ORDERED = re.compile(rf"(?:{_NAME}|\b(T\d+))\.{_NAME} (ASC|DESC)")
_LONGEST = 20_000


class Join(NamedTuple):
    """``JOIN table alias ON (from_alias.from_column = alias.column)``."""

    table: str
    alias: str
    from_alias: str
    from_column: str
    column: str
    is_outer: bool
    text: str


def joins_of(text: str) -> tuple[Join, ...]:
    """The joins by one key, in order; empty for text that is no query of Django's."""
    head, found, _ = text[:_LONGEST].partition(" FROM ")
    if not found or not head.startswith("SELECT"):
        return ()
    return tuple(
        Join(m[1], m[2] or m[1], m[3], m[4], m[7], m[0].startswith("LEFT"), m[0])
        for m in _JOIN.finditer(text[:_LONGEST])
    )


def selected_aliases(text: str) -> frozenset[str]:
    """The tables whose columns are selected."""
    return _used(text[:_LONGEST].partition(" FROM ")[0])


def shown_aliases(text: str) -> frozenset[str]:
    """The tables whose columns are selected or ordered by."""
    order = text[:_LONGEST].partition(" FROM ")[2].rpartition(" ORDER BY ")
    return selected_aliases(text) | (_used(order[2]) if order[1] else frozenset())


class Ordered(NamedTuple):
    alias: str
    column: str
    is_descending: bool


def ordered_columns(text: str) -> tuple[Ordered, ...]:
    """The tables' columns that the rows are ordered by, in order."""
    order = text[:_LONGEST].partition(" FROM ")[2].rpartition(" ORDER BY ")
    found = _ORDERED.finditer(order[2] if order[1] else "")
    return tuple(Ordered(m[1] or m[2], m[3], m[4] == "DESC") for m in found)


def _used(text: str) -> frozenset[str]:
    return frozenset(m[1] or m[2] for m in _USED.finditer(text))


def without_joins(text: str, adds_nothing: Callable[[Join], bool]) -> str:
    """The text without joins that no condition names and that ``adds_nothing`` knows to leave the
    rows as they are: those of ``select_related`` and of an order."""
    if text.count("SELECT ") > 1:
        return text  # a condition may stand in a subquery
    head, found, rest = text.partition(" FROM ")
    source, ordered, order = rest.partition(" ORDER BY ")
    for join in reversed(joins_of(text)):
        shorter = source.replace(f" {join.text}", "", 1)
        if adds_nothing(join) and not _names(shorter, join.alias):
            source = shorter
    return head + found + source + ordered + order


def _names(text: str, alias: str) -> bool:
    name = re.escape(alias)
    return bool(re.search(rf"[\"`]{name}[\"`]\.|\b{name}\.[\"`]", text))


def compares_to_one_value(text: str, alias: str, column: str) -> bool:
    """Whether WHERE has ``alias.column = %s``."""
    where = text[:_LONGEST].partition(" WHERE ")[2]
    name = re.escape(alias)
    return bool(re.search(rf"[\"`]?{name}[\"`]?\.[\"`]{re.escape(column)}[\"`] = %s", where))
