"""Plans of PostgreSQL, 14 and later."""

from __future__ import annotations

import json
import re
from typing import Any

from queryaudit.plans.policy import Permission, after_functions, called
from queryaudit.plans.server import Server, first_line
from queryaudit.plans.tree import Json, nodes, texts
from queryaudit.records.plans import Plan, PlanMode, PlanNode
from queryaudit.sql.statement import parse

#: A LIMIT of so many times the rows that are expected is not reached.
_FAR = 10
#: A time zone's name, and where Django asks for one.
_ZONE, _ZONED = re.compile(r"[\w+\-/]+", re.ASCII), re.compile(r"AT TIME ZONE %s(?!\w)")
_PLACEHOLDER = re.compile(r"%%|%\((?P<name>\w+)\)s|%s")


def explain(
    server: Server, sql: str, params: Any, permitted: Permission, *, id: int, alias: str
) -> Plan:
    """The plan of ``sql`` as far as ``permitted``. The caller guards the connection.

    An execution that fails or takes too long raises what the driver raises: the caller undoes
    the transaction and asks again for the plan alone.
    """
    root = _planned(server, sql, params)
    volatile = volatile_of(server, called("\n".join([sql, *texts(root["Plan"])])))
    permitted = after_functions(permitted, volatile)
    mode = permitted.mode
    if mode is PlanMode.ANALYZED:
        text = f"EXPLAIN (ANALYZE, VERBOSE, BUFFERS, FORMAT JSON) {sql}"
        root = root_of(server.run(text, params))
    duration = root.get("Execution Time")
    found = nodes(root["Plan"])
    return Plan(
        sql=id,
        alias=alias,
        vendor="postgresql",
        mode=mode,
        reason=permitted.reason,
        duration_ns=None if duration is None else round(duration * 1e6),
        nodes=found if mode is PlanMode.ANALYZED else read_on(found, parse(sql).limit),
    )


def read_on(found: tuple[PlanNode, ...], limit: int | None) -> tuple[PlanNode, ...]:
    """A LIMIT that is far above what is expected stops nothing, as that of ``get()``."""
    limits = [node for node in found if node.kind == "Limit"]
    if limit is None or limits != [*found[:1]] or limits[0].estimated_rows * _FAR > limit:
        return found
    return tuple(node._replace(limit_above=False) for node in found)


def refused(id: int, alias: str, reason: str | BaseException) -> Plan:
    """The place of a plan that there is not."""
    text = reason if isinstance(reason, str) else f"the server refused: {first_line(reason)}"
    return Plan(id, alias, "postgresql", PlanMode.REFUSED, text, None, ())


def version(server: Server) -> int:
    [[number]] = server.run("SHOW server_version_num")
    return int(number)


def with_zone(sql: str, time_zone: str) -> str:
    """Django's statement with the settings' time zone in the place of the parameter for it: an
    index on the dates of moments is only for those of one zone."""
    if not _ZONE.fullmatch(time_zone):
        return sql
    return _ZONED.sub(f"AT TIME ZONE '{time_zone}'", sql)


def numbered(sql: str) -> str:
    """Django's placeholders as ``$1``, ``$2``; named ones by name."""
    names: dict[str, int] = {}
    count = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal count
        if match.group() == "%%":
            return "%"
        name = match["name"]
        if name is not None and name in names:
            return f"${names[name]}"
        count += 1
        if name is not None:
            names[name] = count
        return f"${count}"

    return _PLACEHOLDER.sub(replaced, sql)


def _planned(server: Server, sql: str, params: Any) -> Json:
    return root_of(server.run(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}", params))


def root_of(rows: Any) -> Json:
    value = rows[0][0]
    decoded = json.loads(value) if isinstance(value, str) else value
    root: Json = decoded[0]
    return root


def volatile_of(server: Server, names: frozenset[str]) -> set[str]:
    """Those of the functions that may do something, by the server's word."""
    if not names:
        return set()
    rows = server.run(
        "SELECT DISTINCT proname::text FROM pg_catalog.pg_proc"
        " WHERE provolatile = 'v' AND proname = ANY(%s)",
        (sorted(names),),
    )
    return {str(row[0]) for row in rows}
