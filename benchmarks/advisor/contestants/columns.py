"""Which columns a statement names, as advisors that read SQL see them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchmarks.advisor.what_if import Planner

_COLUMN = re.compile(r'"(\w+)"\."(\w+)"')
_ALIASES = re.compile(r'"(advisor_\w+)" (T\d+|U\d+)\b')


def named(sql: str) -> Iterator[tuple[str, str]]:
    """Table and column of each reference, in order, each once."""
    aliases = {alias: table for table, alias in _ALIASES.findall(sql)}
    for table, column in dict.fromkeys(_COLUMN.findall(sql)):
        yield aliases.get(table, table), column


def conditions(sql: str) -> str:
    """From the first join or condition on."""
    found = [place for word in (" WHERE ", " ON (") if (place := sql.find(word)) >= 0]
    return sql[min(found) :] if found else ""


def order(sql: str) -> str:
    return sql.partition(" ORDER BY ")[2]


def is_led(planner: Planner, table: str, column: str) -> bool:
    """Whether an index of the table begins with the column."""
    return any(index.keys[0].text == column for index in planner.relations[table].indexes)


def is_plain(planner: Planner, table: str, column: str) -> bool:
    """Whether a B-tree on the column is sensible, by its type."""
    return any(
        known.name == column
        and not known.type.endswith("[]")
        and known.type not in ("json", "jsonb")
        for known in planner.relations[table].columns
    )
