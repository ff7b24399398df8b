"""What of a plan is compared from run to run: how each table is reached, and what it costs.

Coarse on purpose: statistics drift, and a plan that changes without becoming worse is no news.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from queryaudit.records.plans import Plan, PlanMode, Relation

_BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


class Read(NamedTuple):
    """A table that a plan reads."""

    relation: str
    by_index: bool  #: wherever the plan reads it
    rows: int  #: that the table has


class PlanShape(NamedTuple):
    """A plan, as far as it is kept."""

    alias: str
    fingerprint: str  #: of the statement
    generic: bool  #: planned without values
    cost: float
    reads: tuple[Read, ...]


def shape_of(
    fingerprint: str, plan: Plan, relations: Mapping[tuple[str, str], Relation]
) -> PlanShape | None:
    """What is kept of a plan; None if it was refused, or its server tells no costs."""
    if not plan.nodes or plan.vendor != "postgresql":
        return None
    reads: dict[str, Read] = {}
    for node in plan.nodes:
        relation = relations.get((node.schema, node.relation))
        if relation is None or not (node.kind in _BY_INDEX or node.kind == "Seq Scan"):
            continue
        # A table is one, however many partitions of it are read.
        relation = relations.get(relation.root or (relation.schema, relation.name), relation)
        known = reads.get(relation.name)
        by_index = node.kind in _BY_INDEX and (known is None or known.by_index)
        reads[relation.name] = Read(relation.name, by_index, relation.rows)
    is_generic = plan.mode is PlanMode.GENERIC
    found = tuple(sorted(reads.values()))
    return PlanShape(plan.alias, fingerprint, is_generic, plan.nodes[0].cost, found)
