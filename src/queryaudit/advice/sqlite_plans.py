"""SQLite's plans, completed by what the statement says. Pure.

``EXPLAIN QUERY PLAN`` tells that a table is scanned, and neither for what nor how many rows are
wanted. For a statement about one table whose condition is nothing but equalities both follow from
its text, from the number of rows, and from the number of values that a sample of them has. Of
anything else nothing is known, and nothing is said.
"""

from __future__ import annotations

import re

from queryaudit.advice.candidates import distinct
from queryaudit.advice.scans import Relations
from queryaudit.records.plans import Plan, Relation
from queryaudit.sql.statement import parse

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def completed(plan: Plan, statement: str, relations: Relations) -> Plan:
    """``plan`` with the condition of its scan, if that is known for certain; else as it is."""
    known = parse(statement)
    if not known.compared or known.binds_list or len(set(known.tables)) != 1:
        return plan
    reading = [index for index, node in enumerate(plan.nodes) if node.relation]
    if len(reading) != 1:
        return plan
    [place] = reading
    node = plan.nodes[place]
    relation = relations.get((node.schema, node.relation))
    if node.kind != "Scan" or node.using or relation is None or node.relation != known.tables[0]:
        return plan
    wanted = _wanted(relation, known.compared)
    if wanted is None:
        return plan
    scan = node._replace(
        kind="Seq Scan",
        filter=" AND ".join(f"({_name(node.alias)}.{_name(c)} = ?)" for c in known.compared),
        estimated_rows=wanted,
        limit_above=known.has_limit,  # how far it reads is not known then
    )
    return plan._replace(nodes=(*plan.nodes[:place], scan, *plan.nodes[place + 1 :]))


def _wanted(relation: Relation, columns: tuple[str, ...]) -> float | None:
    """Rows with one combination of values, if these are spread evenly."""
    rows = float(relation.rows)
    for column in set(columns):
        values = distinct(relation, column)
        if values is None:
            return None
        rows /= max(1.0, values)
    return max(1.0, rows)


def _name(name: str) -> str:
    """As PostgreSQL writes it, for whoever reads conditions."""
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
