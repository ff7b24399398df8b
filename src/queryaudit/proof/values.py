"""Values for the parameters of a statement, taken from the columns that they are compared with.

A trace has no values. They are read from the database that the user named, stay in memory, and are
the same in every trial of the same data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from typing import Any, NamedTuple

from queryaudit.advice.conditions import Clause, Compared, clauses
from queryaudit.plans.postgres import numbered
from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import Server
from queryaudit.proof.samples import SETS, above, parts, spread
from queryaudit.records.plans import Plan

_NUMBER = re.compile(r"\$(\d+)")
_SAMPLED = 3_000
_PARTS = (Compared.CONTAINS, Compared.OVERLAPS)


class _Role(Enum):
    """What a value is to the column."""

    VALUE = "value"
    PART = "part"  #: of what a document or an array holds
    LOW = "low"
    HIGH = "high"  #: of a range that has both


class _Place(NamedTuple):
    """A column and what a parameter is to it."""

    schema: str
    table: str
    column: str
    role: _Role


_Sample = Callable[[Server, _Place], list[Any]]
_KNOWN = """
SELECT most_common_vals::text::text[], histogram_bounds::text::text[] FROM pg_catalog.pg_stats
WHERE schemaname = %s AND tablename = %s AND attname = %s AND NOT inherited
"""


def value_sets(
    server: Server, sql: str, plan: Plan, samples: Collection[tuple[str, str]] = ()
) -> list[tuple[Any, ...]] | None:
    """Sets of values for ``sql``, whose generic plan is known; None if some can't be found.

    Of the tables ``samples`` there are temporary copies of some of the rows, which the statement
    reads in their place: its values are to be found there.
    """

    def sample(server: Server, place: _Place) -> list[Any]:
        is_sampled = (place.schema, place.table) in samples
        return _sample(server, place._replace(schema="pg_temp") if is_sampled else place)

    return _sets(server, sql, plan, sample)


def statistical_sets(server: Server, sql: str, plan: Plan) -> list[tuple[Any, ...]] | None:
    """The same from statistics, where there are no rows: a frequent value, and rarer ones."""
    return _sets(server, sql, plan, _known)


def _sets(server: Server, sql: str, plan: Plan, sample: _Sample) -> list[tuple[Any, ...]] | None:
    wanted = sorted({int(number) for number in _NUMBER.findall(numbered(sql))})
    if "%(" in sql or wanted != [*range(1, len(wanted) + 1)]:
        return None
    if not wanted:
        return [()]
    columns = _columns(plan)
    if any(number not in columns for number in wanted):
        return None
    found = {place: sample(server, place) for place in set(columns.values())}
    sets = [
        tuple(found[columns[number]][turn] for number in wanted)
        for turn in range(SETS)
        if all(len(found[columns[number]]) > turn for number in wanted)
    ]
    return sets or None


def _columns(plan: Plan) -> dict[int, _Place]:
    """The column that each parameter is compared with."""
    tables = {
        node.alias: (node.schema, node.relation)
        for node in plan.nodes
        if node.relation and node.alias
    }
    known = [c for c in _clauses(plan) if c.alias in tables and not c.joined]
    ends = {(c.alias, c.column, end) for c in known if (end := _end(c)) is not None}
    found: dict[int, _Place] = {}
    for clause in known:
        place = (*tables[clause.alias], clause.column)
        role = _Role.PART if clause.test in _PARTS else _Role.VALUE
        if {(clause.alias, clause.column, end) for end in (_Role.LOW, _Role.HIGH)} <= ends:
            role = _end(clause) or role
        for number in _NUMBER.findall(clause.text):
            found.setdefault(int(number), _Place(*place, role))
    return found


def _end(clause: Clause) -> _Role | None:
    """Which end of a range a comparison is."""
    if clause.test is not Compared.RANGE or clause.function:
        return None
    return _Role.LOW if " >" in clause.text else _Role.HIGH


def _clauses(plan: Plan) -> Iterator[Clause]:
    for node in plan.nodes:
        yield from clauses(node.condition)
        yield from clauses(node.filter)


def _sample(server: Server, place: _Place) -> list[Any]:
    """A few values of a column, from the commonest to the rarest."""
    real = f"{quoted(place.schema)}.{quoted(place.table)}"
    name = quoted(place.column)
    rows = server.run("SELECT greatest(reltuples, 1) FROM pg_class WHERE oid = %s::regclass",
                      (real.replace("%%", "%"),))  # fmt: skip
    share = min(100.0, 100.0 * _SAMPLED / float(rows[0][0]))
    sampled = server.run(
        f"SELECT {name} FROM {real} TABLESAMPLE BERNOULLI (%s) REPEATABLE (1)"
        f" WHERE {name} IS NOT NULL LIMIT %s",
        (share, _SAMPLED),
    )
    values = [row[0] for row in sampled]
    chosen = spread(values)
    if place.role is _Role.HIGH:
        return above(chosen, values)
    return parts(chosen, values) if place.role is _Role.PART else chosen


def _known(server: Server, place: _Place) -> list[Any]:
    """The most common value, the least common of those that are listed, and one of the rest."""
    found = server.run(_KNOWN, place[:3])
    if not found:
        return []
    common, bounds = found[0][0] or [], found[0][1] or []
    chosen = [*common[:1], *bounds[len(bounds) // 2 :][:1], *common[1:][-1:], *bounds[1:2]]
    return chosen[:SETS]
