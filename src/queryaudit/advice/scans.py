"""Which nodes of a plan read much to keep little: where an index could do better."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from queryaudit.records.plans import Plan, PlanMode, PlanNode, Relation

#: Tables of a plan by schema and name.
Relations = Mapping[tuple[str, str], Relation]

_SCANS = frozenset({"Seq Scan", "Index Scan", "Bitmap Heap Scan"})
_JOINS = frozenset({"Hash Join", "Merge Join"})
#: Nodes between a scan and a sort that neither drop nor reorder rows of their own accord.
_APPENDS = frozenset({"Append", "Merge Append"})
#: What PostgreSQL adds to a table's alias for each of its partitions.
_NUMBERED = re.compile(r"_\d+\Z")
_TRANSPARENT = frozenset({"Limit", "Gather", "Gather Merge", "Subquery Scan", "LockRows", "Result"})


class Order(NamedTuple):
    """A sort over rows of one table, of which only the first are wanted."""

    keys: tuple[tuple[str, bool], ...]  #: column, descending
    sorted_rows: float
    limited: bool
    wanted: float | None  #: how many rows are taken; None where that is not known


class Scan(NamedTuple):
    """A table read by a plan. Rows are totals over all loops."""

    node: PlanNode
    relation: Relation
    read: float
    kept: float
    measured: bool
    condition: str  #: what the rows are chosen by, the index's part first
    order: Order | None
    time_ns: int | None


def scans(plan: Plan, relations: Relations) -> Iterator[Scan]:
    """Every scan of a table that the catalogue knows, with what it reads and keeps.

    Those of a table's partitions are one, of the table.
    """
    parts: dict[tuple[Relation, str], list[Scan]] = {}
    for scan in _each(plan, relations):
        root = relations.get(scan.relation.root) if scan.relation.root is not None else None
        if root is None:
            yield scan
        else:
            parts.setdefault((root, _NUMBERED.sub("", scan.node.alias)), []).append(scan)
    for (root, _), found in parts.items():
        first = max(found, key=lambda scan: scan.read)
        times = [scan.time_ns for scan in found if scan.time_ns is not None]
        yield first._replace(
            relation=root,
            read=sum(scan.read for scan in found),
            kept=sum(scan.kept for scan in found),
            time_ns=sum(times) if times else None,
        )


def _each(plan: Plan, relations: Relations) -> Iterator[Scan]:
    for index, node in enumerate(plan.nodes):
        relation = relations.get((node.schema, node.relation))
        if node.kind not in _SCANS or relation is None:
            continue
        order = _order(plan, index, is_part=relation.root is not None)
        figures = _figures(plan, index, relation, order)
        if figures is None:
            continue
        read, kept = figures
        join = _join(plan, index)
        condition = condition_of(node)
        if join is not None and not node.filter and node.kind == "Seq Scan":
            condition, kept = join
        yield Scan(
            node=node,
            relation=relation,
            read=read,
            kept=kept,
            measured=plan.mode is PlanMode.ANALYZED,
            condition=condition,
            order=order,
            time_ns=node.time_ns,
        )


def _figures(
    plan: Plan, index: int, relation: Relation, order: Order | None
) -> tuple[float, float] | None:
    node = plan.nodes[index]
    if plan.mode is PlanMode.ANALYZED:
        if node.actual_rows is None or not node.loops:
            return None
        return node.actual_rows + (node.removed or 0.0), node.actual_rows
    if node.kind != "Seq Scan" or (node.limit_above and order is None):
        return None  # how far it is read is not known before it runs
    return float(relation.rows), node.estimated_rows


def condition_of(node: PlanNode) -> str:
    """The condition of the index that was used, and the filter behind it."""
    found = [node.condition, node.filter]
    return " AND ".join(text for text in found if text)


def _join(plan: Plan, index: int) -> tuple[str, float] | None:
    """The condition and the result of a join that needs few rows of a table it reads in full."""
    parent = plan.nodes[index].parent
    while parent is not None and plan.nodes[parent].kind in ("Hash", "Gather", "Sort"):
        parent = plan.nodes[parent].parent
    if (
        parent is None
        or plan.nodes[parent].kind not in _JOINS
        or plan.mode is not PlanMode.ANALYZED
    ):
        return None
    join = plan.nodes[parent]
    others = [
        node
        for number, node in enumerate(plan.nodes)
        if node.parent == parent and not _within(plan, index, number)
    ]
    if len(others) != 1 or join.join not in ("Inner", "Semi", "Left", "Right"):
        return None
    # The side whose rows must all come out is read in full in any case.
    outer = others[0].role == "Outer"
    if (join.join == "Left" and not outer) or (join.join == "Right" and outer):
        return None
    needed = others[0].actual_rows
    if needed is None or join.actual_rows is None:
        return None
    return join.condition, max(needed, join.actual_rows)


def _within(plan: Plan, index: int, ancestor: int) -> bool:
    place: int | None = index
    while place is not None:
        if place == ancestor:
            return True
        place = plan.nodes[place].parent
    return False


_SORT_KEY = re.compile(
    r'\(?(?P<alias>[^\W\d][\w$]*|"(?:[^"]|"")+")\.(?P<column>[^\W\d][\w$]*|"(?:[^"]|"")+")\)?'
    r"(?:::\w+)?(?P<direction> DESC)?(?P<nulls> NULLS (?:FIRST|LAST))?"
)


def _order(plan: Plan, index: int, *, is_part: bool) -> Order | None:
    """The sort above a scan, if nothing but it stands between the scan's rows and the result."""
    alias = plan.nodes[index].alias
    names = {alias, _NUMBERED.sub("", alias)} if is_part else {alias}
    through = _TRANSPARENT | _APPENDS if is_part else _TRANSPARENT
    place = plan.nodes[index].parent
    while place is not None and plan.nodes[place].kind in through:
        place = plan.nodes[place].parent
    if place is None or plan.nodes[place].kind not in ("Sort", "Incremental Sort"):
        return None
    sort = plan.nodes[place]
    keys = []
    for text in sort.keys:
        match = _SORT_KEY.fullmatch(text)
        if match is None or match["alias"].strip('"') not in names or match["nulls"]:
            return None
        keys.append((match["column"].strip('"'), bool(match["direction"])))
    child = next(node for node in plan.nodes if node.parent == place)
    rows = child.actual_rows if child.actual_rows is not None else child.estimated_rows
    return Order(tuple(keys), rows, sort.limit_above, _wanted(plan, place))


#: A sort below a merge of partitions is one of several: each gives as many as are wanted.
_PASSING = _APPENDS | {"Gather Merge", "Gather", "LockRows"}


def _wanted(plan: Plan, sort: int) -> float | None:
    """How many rows the LIMIT above a sort lets through."""
    place = plan.nodes[sort].parent
    while place is not None and plan.nodes[place].kind in _PASSING:
        place = plan.nodes[place].parent
    if place is None or plan.nodes[place].kind != "Limit":
        return None
    limit = plan.nodes[place]
    return limit.actual_rows if limit.actual_rows is not None else limit.estimated_rows
