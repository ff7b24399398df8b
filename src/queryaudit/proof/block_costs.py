"""What a planner charges too much for an index of block ranges. Pure.

It takes the rows that are found to be scattered over the table, as it does for any bitmap, and so
charges a read of its own for most of them: sixteen times too much in a trial. Where rows stand in
the order of the column they are in pages beside each other, and in no more than they fill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from queryaudit.records.plans import Relation

Json = Mapping[str, Any]

_BLOCK, _RANGE = 8192, 128
#: What reading a page in order and looking at a row cost, in the planner's units.
_PAGE, _ROW = 1.0, 0.015
#: Through these the cost of what is below them goes once.
_ONCE = frozenset({"Aggregate", "Sort", "Limit", "Gather", "Gather Merge", "Hash", "Materialize"})


def overcharged(plan: Json, indexes: Mapping[str, Relation], *, workers: int = 0) -> float:
    """How much less ``plan`` costs; ``indexes`` of block ranges by name."""
    children = plan.get("Plans", ())
    if plan.get("Node Type") in _ONCE:
        workers = int(plan.get("Workers Planned", workers))
        return sum(overcharged(child, indexes, workers=workers) for child in children)
    if plan.get("Node Type") != "Bitmap Heap Scan" or len(children) != 1:
        return 0.0
    [found] = children
    relation = indexes.get(str(found.get("Index Name", "")))
    if relation is None or relation.rows < 1:
        return 0.0
    rows = float(found["Plan Rows"])
    pages = rows / relation.rows * relation.bytes / _BLOCK + _RANGE
    # Those who read in parallel share the rows, and each is charged for all pages.
    share = workers + max(0.0, 1.0 - 0.3 * workers) if workers else 1.0
    fair = float(found["Total Cost"]) + pages * _PAGE + rows / share * _ROW
    return max(0.0, float(plan["Total Cost"]) - fair)
