"""Tables that an index of SQLite's serves in part. Pure.

Where a plan looks rows up by an index, to filter them further or to sort them for the first ones,
or reads them in the order of an index until enough pass a filter, one index can do both. How many
rows each value has is known as a mean alone, so that this is worth a trial, and is no finding.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from queryaudit.advice.candidates import Candidate, candidate, serves
from queryaudit.advice.conditions import Clause, Compared
from queryaudit.advice.scans import Order, Relations, Scan
from queryaudit.advice.sqlite_plans import (
    GUESS,
    SORT,
    asked_of,
    equal,
    looked_up,
    made_for,
    order_keys,
    share,
)
from queryaudit.records.plans import Plan, PlanNode, Relation
from queryaudit.sql.plain import plain_query

_BY_INDEX = frozenset(
    {"Index Search", "Covering Index Search", "Index Scan", "Covering Index Scan"}
)
_OR = "Multi-index"
#: Fewer rows than this are filtered and sorted in no time; where more than this share of them is
#: wanted, little is to be saved.
_ROWS, _SHARE = 200.0, 0.1
#: What SQLite itself expects a range to leave.
_RANGE = 0.25
_SEARCHED = re.compile(r"(?:\A| AND )([^=<>(]+)[=<>]\?")


def searched_further(
    plan: Plan, statement: str, relations: Relations, small_table: int
) -> Iterator[tuple[Relation, Candidate]]:
    """For each table that a plan reads by an index the one that would do the rest of the work."""
    query = plain_query(statement)
    if query is None or any(node.kind.startswith(_OR) for node in plan.nodes):
        return
    alone = sum(bool(node.relation) for node in plan.nodes) == 1
    limit = plan.nodes[0].estimated_rows if plan.nodes[0].kind == "Limit" else None
    trees = made_for(plan.nodes)
    for node in plan.nodes:
        relation = relations.get((node.schema, node.relation))
        if node.kind not in _BY_INDEX or relation is None or relation.rows < small_table:
            continue
        used = next((index for index in relation.indexes if index.name == node.using), None)
        if used is None or not all(key.is_column for key in used.keys):
            continue
        own = [*asked_of(node, query, statement, alone=alone)]
        said = {clause.column for clause in own}
        own += equal(node, [c for c in looked_up(node) if c not in said])  # rows of other tables
        keys = order_keys(node, query, plan.nodes) if trees in ([], [SORT]) else ()
        order = Order(keys, 0.0, True, limit) if keys and limit is not None else None
        found = _further(node, relation, own, order, limit if not trees else None)
        # An index over few rows is there for just these statements.
        if found is not None and not serves(used._replace(predicate=""), found):
            yield relation, found


def _further(
    node: PlanNode,
    relation: Relation,
    own: Collection[Clause],
    order: Order | None,
    enough: float | None,
) -> Candidate | None:
    """Where there is enough to be saved by it. Reading stops where ``enough`` was found."""
    searched = set(_SEARCHED.findall(node.condition))
    read = kept = float(relation.rows)
    for clause in {clause.column: clause for clause in own}.values():
        part = _part(relation, clause, is_searched=clause.column in searched)
        if part is None:
            return None
        read *= part if clause.column in searched else 1.0
        kept *= part
    if enough is not None:
        read = min(read, enough * read / max(kept, 1.0))
    if order is None or order.wanted is None or order.wanted > kept * _SHARE:
        order = None
    if read < _ROWS or (order is None and kept > read * _SHARE):
        return None
    condition = " AND ".join(f"({clause.text})" for clause in own)
    return candidate(
        Scan(
            node=node,
            relation=relation,
            read=read,
            kept=kept,
            measured=False,
            condition=condition,
            order=order,
            time_ns=None,
        )
    )


def _part(relation: Relation, clause: Clause, *, is_searched: bool) -> float | None:
    """The share of the rows that one condition leaves; None where nobody knows."""
    if clause.function or clause.joined:
        return 1.0
    if clause.test is Compared.RANGE:
        return _RANGE if is_searched else GUESS
    if clause.test in (Compared.EQUAL, Compared.ONE_OF, Compared.IS_NULL):
        return share(relation, clause.column, clause.test)
    return 1.0
