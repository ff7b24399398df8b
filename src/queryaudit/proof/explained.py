"""What a trial reads of EXPLAIN's JSON: costs, times, and which indexes and tables a plan uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from queryaudit.plans.postgres import root_of
from queryaudit.plans.server import Server


class Explained(NamedTuple):
    """One plan. Times are 0 unless it was executed."""

    cost: float
    planning_ns: int
    execution_ns: int
    indexes: frozenset[str]
    tables: frozenset[tuple[str, str]]  #: schema and name; the schema is empty without VERBOSE
    plan: Mapping[str, Any]


def explained(server: Server, options: str, sql: str, values: object) -> Explained:
    """``EXPLAIN (options, FORMAT JSON) sql``. What the driver raises passes through."""
    return read(root_of(server.run(f"EXPLAIN ({options}, FORMAT JSON) {sql}", values)))


def read(root: Mapping[str, Any]) -> Explained:
    """What EXPLAIN said."""
    nodes = [*_nodes(root["Plan"])]
    return Explained(
        cost=float(root["Plan"]["Total Cost"]),
        planning_ns=round(root.get("Planning Time", 0.0) * 1e6),
        execution_ns=round(root.get("Execution Time", 0.0) * 1e6),
        indexes=frozenset(str(node["Index Name"]) for node in nodes if "Index Name" in node),
        tables=frozenset(
            (str(node.get("Schema", "")), str(node["Relation Name"]))
            for node in nodes
            if "Relation Name" in node
        ),
        plan=root["Plan"],
    )


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
