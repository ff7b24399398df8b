"""PostgreSQL's ``EXPLAIN (FORMAT JSON)`` to nodes: flat, total over loops, without values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from queryaudit.plans.needed import needed
from queryaudit.plans.scrub import scrubbed
from queryaudit.records.plans import PlanNode

Json = Mapping[str, Any]

#: Where a node says by what it reaches its rows.
_CONDITIONS = ("Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "TID Cond", "Cache Key")
_FILTERS = ("Filter", "Join Filter", "One-Time Filter")
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Join Filter")
_KEYS = ("Sort Key", "Group Key")
#: Nodes that take all of their input before they hand out anything.
_BLOCKING = frozenset({"Sort", "Aggregate", "Hash", "Materialize", "SetOp", "WindowAgg"})


class _Above(NamedTuple):
    """What a node must know of its ancestors."""

    parent: int | None
    limited: bool
    workers: int  #: processes among which a Gather above divides the work


def nodes(plan: Json) -> tuple[PlanNode, ...]:
    """The nodes of a plan's root, parents before children."""
    found: list[PlanNode] = []
    _walk(plan, _Above(None, False, 1), found)
    return tuple(
        node._replace(needs=columns) for node, columns in zip(found, needed(plan), strict=True)
    )


def texts(plan: Json) -> Iterator[str]:
    """Every expression of a plan as the server wrote it, values and all: to look for functions."""
    for value in plan.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Mapping):
                yield from texts(item)
    if isinstance(plan.get("Function Name"), str):
        yield f"{plan['Function Name']}("


def _walk(plan: Json, above: _Above, found: list[PlanNode]) -> None:
    index = len(found)
    found.append(_node(plan, above))
    kind = str(plan.get("Node Type", ""))
    limited = kind == "Limit" or (above.limited and kind not in _BLOCKING)
    workers = above.workers
    if kind in ("Gather", "Gather Merge"):
        workers = int(plan.get("Workers Launched", plan.get("Workers Planned", 0))) + 1
    for child in plan.get("Plans", ()):
        is_hashed = child.get("Parent Relationship") == "InitPlan"
        _walk(child, _Above(index, limited and not is_hashed, workers), found)


def _node(plan: Json, above: _Above) -> PlanNode:
    loops = _whole(plan.get("Actual Loops"))
    times = loops or 0
    rows = plan.get("Actual Rows")
    removed = [plan[name] for name in _REMOVED if name in plan]
    time = plan.get("Actual Total Time")
    return PlanNode(
        parent=above.parent,
        kind=_kind(plan),
        role=str(plan.get("Parent Relationship", "")),
        name=str(plan.get("Subplan Name") or plan.get("CTE Name") or ""),
        schema=str(plan.get("Schema", "")),
        relation=str(plan.get("Relation Name", "")),
        alias=str(plan.get("Alias", "")),
        using=str(plan.get("Index Name", "")),
        join=str(plan.get("Join Type", "")),
        condition=_joined(plan, _CONDITIONS),
        filter=_joined(plan, _FILTERS),
        keys=_keys(plan),
        presorted=len(plan.get("Presorted Key", ())),
        cost=float(plan.get("Total Cost", 0.0)),
        estimated_rows=float(plan.get("Plan Rows", 0)),
        actual_rows=None if rows is None else float(rows) * times,
        loops=loops,
        removed=float(sum(removed)) * times if removed else None,
        time_ns=None if time is None else round(time * 1e6 * times / above.workers),
        hit=_whole(plan.get("Shared Hit Blocks")),
        read=_whole(plan.get("Shared Read Blocks")),
        spilled=_whole(plan.get("Temp Written Blocks")),
        method=_method(plan),
        limit_above=above.limited,
    )


def _kind(plan: Json) -> str:
    kind = str(plan.get("Node Type", ""))
    if kind == "Aggregate":
        return {"Hashed": "HashAggregate", "Sorted": "GroupAggregate"}.get(
            str(plan.get("Strategy", "")), kind
        )
    if kind == "ModifyTable":
        return str(plan.get("Operation", kind))
    return kind


def _joined(plan: Json, names: Sequence[str]) -> str:
    return " AND ".join(scrubbed(str(plan[name])) for name in names if plan.get(name))


def _keys(plan: Json) -> tuple[str, ...]:
    return tuple(scrubbed(str(key)) for name in _KEYS for key in plan.get(name, ()))


def _method(plan: Json) -> str:
    if "Sort Method" in plan:
        return str(plan["Sort Method"])
    batches = plan.get("Hash Batches", plan.get("HashAgg Batches"))
    return f"{batches} batches" if isinstance(batches, int) and batches > 1 else ""


def _whole(value: object) -> int | None:
    return round(value) if isinstance(value, int | float) else None
