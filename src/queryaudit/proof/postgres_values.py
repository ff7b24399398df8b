"""Values for statements on PostgreSQL: from samples of the rows, or from statistics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from queryaudit.advice.conditions import Clause, clauses
from queryaudit.plans.postgres import numbered
from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import Server
from queryaudit.proof.samples import SETS, day
from queryaudit.proof.values import Place, Role, chosen, value_sets
from queryaudit.records.plans import Plan

_SAMPLED = 3_000
_KNOWN = """
SELECT most_common_vals::text::text[], histogram_bounds::text::text[] FROM pg_catalog.pg_stats
WHERE schemaname = %s AND tablename = %s AND attname = %s AND NOT inherited
"""


def sampled_sets(
    server: Server, sql: str, plan: Plan, samples: Collection[tuple[str, str]] = ()
) -> list[tuple[Any, ...]] | None:
    """Sets of values for ``sql``, whose generic plan is known; None if some can't be found.

    Of the tables ``samples`` there are temporary copies of some of the rows, which the statement
    reads in their place: its values are to be found there.
    """

    def sample(place: Place) -> list[Any]:
        is_sampled = (place.schema, place.table) in samples
        return _sample(server, place._replace(schema="pg_temp") if is_sampled else place)

    return _sets(sql, plan, sample)


def statistical_sets(server: Server, sql: str, plan: Plan) -> list[tuple[Any, ...]] | None:
    """The same from statistics, where there are no rows: a frequent value, and rarer ones."""
    return _sets(sql, plan, lambda place: _known(server, place))


def _sets(
    sql: str, plan: Plan, sample: Callable[[Place], list[Any]]
) -> list[tuple[Any, ...]] | None:
    if "%(" in sql:
        return None
    tables = {
        node.alias: (node.schema, node.relation)
        for node in plan.nodes
        if node.relation and node.alias
    }
    return value_sets(numbered(sql), [*_clauses(plan)], tables, sample)


def _clauses(plan: Plan) -> Iterator[Clause]:
    for node in plan.nodes:
        yield from clauses(node.condition)
        yield from clauses(node.filter)


def _sample(server: Server, place: Place) -> list[Any]:
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
    return chosen([row[0] for row in sampled], place.role)


def _known(server: Server, place: Place) -> list[Any]:
    """The most common value, the least common of those that are listed, and one of the rest."""
    found = server.run(_KNOWN, place[:3])
    if not found:
        return []
    common, bounds = found[0][0] or [], found[0][1] or []
    if place.role is Role.DAY:
        common, bounds = [day(v) for v in common], [day(v) for v in bounds]
    values = [*common[:1], *bounds[len(bounds) // 2 :][:1], *common[1:][-1:], *bounds[1:2]]
    return values[:SETS]
