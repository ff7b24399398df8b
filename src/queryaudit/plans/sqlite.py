"""Plans of SQLite: which tables are scanned, and what is sorted. Costs and rows are not told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from queryaudit.plans.server import Server
from queryaudit.records.plans import Plan, PlanMode, PlanNode
from queryaudit.sql.plain import sources
from queryaudit.sql.statement import parse

#: Names stand in it without quotes, whatever they contain.
_ACCESS = re.compile(
    r"(?P<verb>SCAN|SEARCH)\s+(?:TABLE\s+)?(?P<table>.+?)(?:\s+AS\s+(?P<alias>.+?))?"
    r"(?:\s+USING\s+(?P<how>.*?))?(?:\s+\((?P<condition>[^)]*)\))?(?:\s+LEFT-JOIN)?\s*\Z"
)
_PLACEHOLDER = re.compile("%s|%%")
_INDEX = re.compile(r"INDEX\s+(.+)")


def explain(server: Server, sql: str, params: Any, *, id: int, alias: str) -> Plan:
    """The plan of ``sql``; nothing is executed."""
    rows = server.run(f"EXPLAIN QUERY PLAN {sql}", params)
    tables, limit = sources(sql), parse(sql).limit
    found = []
    first = 0
    if limit is not None and rows:
        found.append(_plain(None, "Limit")._replace(estimated_rows=float(limit)))
        first = 1
    places = {int(row[0]): number for number, row in enumerate(rows, first)}
    top = 0 if first else None
    found += [_node(str(row[3]), places.get(int(row[1]), top), tables) for row in rows]
    return Plan(id, alias, "sqlite", PlanMode.PLANNED, "", None, tuple(found))


def with_question_marks(sql: str) -> str:
    """Django's placeholders as SQLite has them."""
    return _PLACEHOLDER.sub(lambda match: "?" if match.group() == "%s" else "%", sql)


def placeholders(sql: str) -> int:
    return sum(match.group() == "%s" for match in _PLACEHOLDER.finditer(sql))


def _node(detail: str, parent: int | None, tables: Mapping[str, str]) -> PlanNode:
    match = _ACCESS.match(detail)
    alias = (match["alias"] or match["table"]).strip('"') if match is not None else ""
    if match is None or (" " in alias and alias not in tables):  # "SCAN 3 CONSTANT ROWS"
        return _plain(parent, detail.capitalize() if detail.isupper() else detail)
    how = match["how"] or ""
    index = _INDEX.search(how)
    kind = "Scan" if match["verb"] == "SCAN" else "Search"
    if "AUTOMATIC" in how:
        kind, index = "Automatic Index Search", None  # made for this query, and gone after it
    elif "COVERING INDEX" in how:
        kind = f"Covering Index {kind}"
    elif index is not None or "PRIMARY KEY" in how:
        kind = f"Index {kind}"
    name = match["table"].strip('"')
    return _plain(
        parent,
        kind,
        relation=tables.get(name, name),  # SQLite tells the alias alone
        alias=alias,
        using=index.group(1) if index is not None else "",
        condition=match["condition"] or "",
    )


def _plain(
    parent: int | None,
    kind: str,
    *,
    relation: str = "",
    alias: str = "",
    using: str = "",
    condition: str = "",
) -> PlanNode:
    return PlanNode(
        parent=parent,
        kind=kind,
        role="",
        name="",
        schema="",
        relation=relation,
        alias=alias,
        using=using,
        join="",
        condition=condition,
        filter="",
        keys=(),
        presorted=0,
        cost=0.0,
        estimated_rows=0.0,
        actual_rows=None,
        loops=None,
        removed=None,
        time_ns=None,
        hit=None,
        read=None,
        spilled=None,
        method="",
        limit_above=False,
    )
