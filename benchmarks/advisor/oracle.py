"""The best that can be had of some queries: every set of the contestants' indexes, measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from django.db import connection

from benchmarks.advisor.measuring import Proposal, timed, without
from benchmarks.advisor.workload import Statement

#: Queries that compete for indexes of the same tables.
SUBSET = (
    "order by reference",
    "open orders",
    "latest errors",
    "largest errors",
    "errors of a customer",
    "latest of a customer",
    "spent by a customer",
    "done, low selectivity",
)
_TABLE = "advisor_order"
#: All sets of so many candidates are tried: those that save most when they are alone.
_CANDIDATES = 7


def lines(
    sets: Mapping[str, Sequence[Proposal]], asked: Mapping[str, Sequence[Statement]]
) -> Iterator[str]:
    """What each contestant reaches of the oracle's gain on the subset."""
    subset = [statement for query in SUBSET for statement in asked.get(query, ())]
    known: dict[str, Proposal] = {}
    for proposals in sets.values():
        known |= {p.ddl.partition(" ON ")[2]: p for p in proposals if f'"{_TABLE}"' in p.ddl}
    if not subset or not known:
        return
    with connection.cursor() as cursor:
        for number, proposal in enumerate(known.values()):
            cursor.execute(_renamed(proposal, number))
        cursor.execute(f"VACUUM ANALYZE {_TABLE}")
    names = {what: f"oracle_{number}" for number, what in enumerate(known)}
    singles = {what: _total(subset, names, {what}) for what in known}
    best = sorted(known, key=lambda what: singles[what])[:_CANDIDATES]
    bare = _total(subset, names, set())
    least = min(
        _total(subset, names, set(chosen))
        for count in range(len(best) + 1)
        for chosen in combinations(best, count)
    )
    yield "| contestant | of the oracle's gain |"
    yield "| --- | ---: |"
    for name, proposals in sets.items():
        own = {what for p in proposals if (what := p.ddl.partition(" ON ")[2]) in known}
        gain = (bare - _total(subset, names, own)) / max(bare - least, 1e-9)
        yield f"| {name} | {gain:.2f} |"
    with connection.cursor() as cursor:
        for name in names.values():
            cursor.execute(f'DROP INDEX "{name}"')


def _renamed(proposal: Proposal, number: int) -> str:
    return f'CREATE INDEX "oracle_{number}" ON {proposal.ddl.partition(" ON ")[2]}'


def _total(subset: Sequence[Statement], names: Mapping[str, str], chosen: set[str]) -> float:
    """Milliseconds of the subset with some of the candidates, the better of two turns."""
    with without([name for what, name in names.items() if what not in chosen]):
        return sum(min(timed(statement).ms for _ in range(2)) for statement in subset)
