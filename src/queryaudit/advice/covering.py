"""Indexes that hold all that a statement reads of a table: its rows need not be visited. Pure.

Worth a try where many rows are reached by an index, or would be, and few narrow columns of them
are needed; where most pages are known to hold only rows that everybody sees, as else the rows are
visited all the same; and where the copy of these columns stays much smaller than the table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator

from queryaudit.advice.candidates import Candidate, Key, best, distinct, is_served, type_of
from queryaudit.advice.conditions import Compared, clauses
from queryaudit.advice.scans import Relations, Scan, condition_of
from queryaudit.records.plans import CatalogIndex, Plan, PlanMode, PlanNode, Relation

_SCANS = frozenset({"Seq Scan", "Index Scan", "Bitmap Heap Scan"})
#: Fewer rows than this are visited in no time; for most of a table the table is read.
_ROWS, _MOST = 200, 0.2
#: Columns besides the keys, and how wide they may be in all, in bytes.
MAX_INCLUDED = 3
_WIDTH = 32
#: Of the table's size, at most.
_SHARE = 0.5
_ENTRY, _FILLED = 16, 0.9
_VISIBLE = 0.8
#: Rows for each combination of values from which on a B-tree of keys is smaller: it stores equal
#: keys once, and included columns always.
_SHARED = 4
_LONGEST = 64
#: No longer than an entry of an index can be, whatever is written later.
_SHORT = re.compile(
    r"(?:smallint|integer|bigint|boolean|date|uuid|real|double precision|time.*|numeric\(.*|"
    r"character(?: varying)?\((?P<length>\d+)\))"
)


def coverings(
    plan: Plan, relations: Relations, small_table: int, updated: Collection[tuple[str, str]]
) -> Iterator[tuple[Relation, Candidate]]:
    """For each scan of a plan the index from which alone it could be answered.

    ``updated``: tables and columns that the workload writes to; holding such a column would make
    every such write dearer.
    """
    if plan.vendor != "postgresql":
        return
    for node in plan.nodes:
        relation = relations.get((node.schema, node.relation))
        if node.kind not in _SCANS or relation is None or relation.rows < small_table:
            continue
        if relation.root is not None:
            continue
        found = _covering(plan, node, relation)
        if found is None:
            continue
        held = {*found.include, *(key.column for key in found.keys)}
        if not any((relation.name, column) in updated for column in held):
            yield relation, found


def left_idle(relation: Relation, candidate: Candidate) -> Iterator[CatalogIndex]:
    """The indexes of a table that are the beginning of ``candidate``, and nothing else."""
    keys = [key.column for key in candidate.keys]
    for index in relation.indexes:
        is_free = not (index.unique or index.constraint or index.predicate or index.include)
        is_plain = index.method == "btree" and all(
            key.is_column and not key.descending and not key.opclass.endswith("_pattern_ops")
            for key in index.keys
        )
        if is_free and is_plain and [key.text for key in index.keys] == keys[: len(index.keys)]:
            yield index


def _covering(plan: Plan, node: PlanNode, relation: Relation) -> Candidate | None:
    is_visible = relation.visible is not None and relation.visible >= _VISIBLE
    if not node.needs or node.limit_above or not is_visible:
        return None
    scan = Scan(node, relation, 0.0, 0.0, False, condition_of(node), None, None)
    plain = best(scan)
    if plain is None or plain.method != "btree" or plain.where is not None or not plain.equal:
        return None
    if any(key.function or key.opclass for key in plain.keys):
        return None
    keys = {key.column for key in plain.keys}
    added = tuple(column for column in node.needs if column not in keys)
    if not added or len(added) > MAX_INCLUDED or not _is_narrow(relation, added):
        return None
    fetched = _fetched(plan, node, relation, plain)
    if not any(_ROWS <= rows <= relation.rows * _MOST for rows in fetched):
        return None
    covering = plain._replace(include=added)
    if not _is_small(relation, (*keys, *added)) or is_served(scan, covering):
        return None
    return _shared(covering, relation) or covering


def _is_narrow(relation: Relation, columns: Collection[str]) -> bool:
    width = 0.0
    for column in columns:
        match = _SHORT.fullmatch(type_of(relation, column))
        known = next((c.width for c in relation.columns if c.name == column), None)
        if match is None or known is None or int(match["length"] or 0) > _LONGEST:
            return False
        width += known
    return width <= _WIDTH


def _is_small(relation: Relation, columns: Collection[str]) -> bool:
    widths = [c.width or 8.0 for c in relation.columns if c.name in columns]
    size = relation.rows * (sum(widths) + _ENTRY) / _FILLED
    return size <= relation.bytes * _SHARE


def _fetched(plan: Plan, node: PlanNode, relation: Relation, plain: Candidate) -> tuple[float, ...]:
    """Rows that the statement may take of the table: as it was, or as planned for any value, and
    then for the commonest one of its column, too."""
    if plan.mode is PlanMode.ANALYZED:
        return (node.actual_rows or 0.0,)
    expected = node.estimated_rows * _times(plan, node)
    tests = [c for c in clauses(condition_of(node)) if c.alias == node.alias]
    if len(tests) == 1 and tests[0].test is Compared.EQUAL and "$" in tests[0].text:
        column = plain.keys[0].column
        share = next((c.commonest for c in relation.columns if c.name == column), None)
        return expected, (share or 0.0) * relation.rows
    return (expected,)


def _times(plan: Plan, node: PlanNode) -> float:
    """How often a scan is expected to run: for each row of the other side of its join."""
    if node.parent is None or plan.nodes[node.parent].kind != "Nested Loop":
        return 1.0
    outer = (n for n in plan.nodes if n.parent == node.parent and n.role == "Outer")
    other = next(outer, None)
    return 1.0 if other is None or other is node else max(other.estimated_rows, 1.0)


def _shared(covering: Candidate, relation: Relation) -> Candidate | None:
    """The same with the columns as keys, if so many rows share their values."""
    keys = (*covering.keys, *(Key(column) for column in covering.include))
    kinds = [distinct(relation, key.column) for key in keys]
    if None in kinds or math.prod(k for k in kinds if k is not None) * _SHARED > relation.rows:
        return None
    return covering._replace(keys=keys, include=())
