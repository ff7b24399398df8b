"""SQLite's plans, completed by what the statement says. Pure.

``EXPLAIN QUERY PLAN`` tells that a table is scanned, sorted, or gets an index for the time of one
query, and neither for what nor how many rows are wanted. Where a statement has no other one inside
that follows from its text, from the number of rows, and from the number of values that a sample of
them has. Of anything else nothing is known, and nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from queryaudit.advice.candidates import distinct
from queryaudit.advice.conditions import Clause, Compared, clauses, parts
from queryaudit.advice.scans import Relations
from queryaudit.records.plans import Plan, PlanNode, Relation
from queryaudit.sql.plain import PlainQuery, plain_query
from queryaudit.sql.statement import parse

SORT = "Use temp b-tree for order by"
_TREE = "Use temp b-tree for"
AUTOMATIC = "Automatic Index Search"
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_KEY = re.compile(
    r'(?:(?P<alias>\w+|"(?:[^"]|"")+")\.)?(?P<column>\w+|"(?:[^"]|"")+")(?P<end> ASC| DESC)?'
)
_COLUMN = r'((?:\w+|"(?:[^"]|"")+")\.(?:\w+|"(?:[^"]|"")+"))'
_VALUE = r"(?:\?|\$\d+)"
_BETWEEN = re.compile(rf"{_COLUMN} BETWEEN ({_VALUE}) AND ({_VALUE})")
_LIST = re.compile(rf"{_COLUMN} IN \(({_VALUE}(?:, ?{_VALUE})*)\)")
_CALL = re.compile(r"\b(?:UPPER|LOWER)\(")
_EQUAL = re.compile(r"(?:\A| AND )([^=<>]+)=\?")
#: A scan for so many rows fewer than its LIMIT goes on to the end.
_FAR = 10
#: The share of the rows that is taken for wanted by conditions of which nobody knows, where an
#: index is to be tried.
GUESS = 0.01
_UNKNOWN = frozenset({Compared.RANGE, Compared.ONE_OF, Compared.TRUE, Compared.FALSE})


def completed(
    plan: Plan, statement: str, relations: Relations, *, to_be_tried: bool = False
) -> Plan:
    """``plan`` with what its scans are for, where that is known for certain; else as it is. What
    is ``to_be_tried`` need not be known: ranges, and scans that may end early, are told too."""
    query = plain_query(statement)
    reading = [index for index, node in enumerate(plan.nodes) if node.relation]
    if query is None or not reading:
        return plan
    nodes = [*plan.nodes]
    for index in reading:
        node = nodes[index]
        relation = relations.get((node.schema, node.relation))
        if relation is not None and node.kind == AUTOMATIC:
            nodes[index] = _searched(node, relation)
    node = nodes[reading[0]]  # those after it run for each of its rows
    relation = relations.get((node.schema, node.relation))
    if node.kind != "Scan" or node.using or relation is None:
        return plan._replace(nodes=tuple(nodes))
    limit = plan.nodes[0].estimated_rows if plan.nodes[0].kind == "Limit" else None
    alone = len(reading) == 1
    own = asked_of(node, query, statement, alone=alone)
    is_sorted = bool(made_for(nodes))
    keys = sort_keys(node, query, nodes) if alone else ()
    wanted = _wanted(relation, own)
    if wanted is None and not query.where and keys:
        wanted = float(relation.rows)
    if to_be_tried and any(c.test in _UNKNOWN or c.function for c in own):
        guess = max(1.0, relation.rows * GUESS)
        wanted = guess if wanted is None else min(wanted, guess)
    if wanted is None:
        return plan._replace(nodes=tuple(nodes))
    stops = limit is None or wanted * _FAR > limit
    scan = node._replace(
        kind="Seq Scan",
        filter=" AND ".join(f"({clause.text})" for clause in own),
        estimated_rows=wanted,
        limit_above=query.has_limit and not is_sorted and stops and not to_be_tried,
    )
    if keys and limit is not None and len(own) == len(parts(query.where)):
        top = plan.nodes[0]._replace(parent=None, estimated_rows=min(limit, wanted))
        alias = _name(node.alias)
        written = tuple(f"{alias}.{_name(key)}{' DESC' if down else ''}" for key, down in keys)
        sort = node._replace(
            parent=0, kind="Sort", relation="", alias="", keys=written, limit_above=True
        )
        return plan._replace(nodes=(top, sort, scan._replace(parent=1)))
    nodes[reading[0]] = scan
    return plan._replace(nodes=tuple(nodes))


def _searched(node: PlanNode, relation: Relation) -> PlanNode:
    """A table that SQLite makes an index of, each time: it is read as a whole for few rows."""
    columns = looked_up(node)
    rows = float(relation.rows)
    for column in columns:
        values = distinct(relation, column)
        rows = rows / values if values else rows
    return node._replace(
        kind="Seq Scan",
        filter=_equal(node, columns),
        condition="",
        estimated_rows=max(1.0, rows),
        method="to make an index for this query alone",
    )


def looked_up(node: PlanNode) -> list[str]:
    """The columns that a search compares for equality, with the values of a list, or with NULL."""
    return _EQUAL.findall(node.condition)


def asked_of(node: PlanNode, query: PlainQuery, statement: str, *, alone: bool) -> Sequence[Clause]:
    """What is asked of the rows of a scan alone."""
    where = as_conditions(query.where)
    found = [c for c in clauses(where) if c.alias == node.alias and not c.joined]
    if found or not alone:
        return found
    named = parse(statement)
    if not named.compared or named.binds_list:
        return []
    return equal(node, named.compared)


def equal(node: PlanNode, columns: Sequence[str]) -> Sequence[Clause]:
    """What asks these columns of a table for one value each."""
    return clauses(_equal(node, columns))


def _equal(node: PlanNode, columns: Sequence[str]) -> str:
    return " AND ".join(f"({_name(node.alias)}.{_name(column)} = ?)" for column in columns)


def as_conditions(where: str) -> str:
    """A WHERE clause as PostgreSQL's plans have it, in what Django writes otherwise."""
    where = _BETWEEN.sub(r"\1 >= \2 AND \1 <= \3", where)
    where = _LIST.sub(r"\1 = ANY (\2)", where)
    return _CALL.sub(lambda match: match.group().lower(), where)


def _wanted(relation: Relation, own: Sequence[Clause]) -> float | None:
    """Rows with one combination of values at most, if these are spread evenly."""
    rows = float(relation.rows)
    is_known = False
    for column, test in {(c.column, c.test) for c in own if not c.function}:
        if test not in (Compared.EQUAL, Compared.IS_NULL):
            continue
        part = share(relation, column, test)
        if part is None:
            return None
        rows *= part
        is_known = True
    return max(1.0, rows) if is_known else None


def share(relation: Relation, column: str, test: Compared) -> float | None:
    """Of the rows, those with one value or with NULL; None where that is not known."""
    if test is Compared.IS_NULL:
        return next((c.nulls for c in relation.columns if c.name == column), None)
    values = distinct(relation, column)
    return 1 / max(1.0, values) if values is not None else None


def sort_keys(
    node: PlanNode, query: PlainQuery, nodes: Sequence[PlanNode]
) -> tuple[tuple[str, bool], ...]:
    """The columns by which the rows of a table are sorted; none if there is more to it."""
    return order_keys(node, query, nodes) if made_for(nodes) == [SORT] else ()


def made_for(nodes: Sequence[PlanNode]) -> list[str]:
    """What a plan sorts, groups or tells apart by a tree of its own."""
    return [node.kind for node in nodes if node.kind.startswith(_TREE)]


def order_keys(
    node: PlanNode, query: PlainQuery, nodes: Sequence[PlanNode]
) -> tuple[tuple[str, bool], ...]:
    """The columns of the order, and whether each goes down; none if others are among them."""
    if not query.order:
        return ()
    alone = sum(bool(n.relation) for n in nodes) == 1
    found = []
    for text in query.order.split(", "):
        match = _KEY.fullmatch(text)
        if match is None or match["column"].isdecimal():
            return ()
        if match["alias"].strip('"') != node.alias if match["alias"] else not alone:
            return ()
        found.append((match["column"].strip('"'), match["end"] == " DESC"))
    return tuple(found)


def _name(name: str) -> str:
    """As PostgreSQL writes it, for whoever reads conditions."""
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
