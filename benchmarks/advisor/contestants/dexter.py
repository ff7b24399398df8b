"""The rules of dexter 0.6, as its README and indexer state them, in our own words.

Columns named anywhere in a statement are candidates, alone and in ordered pairs. A query is
planned without them, with the single ones, and with the pairs as well. An index is taken from the
plan if it at least halves the cost, a pair only if it halves it again; of several the best single
one is taken. Queries that cost less than 100 are left alone.
"""

from __future__ import annotations

from itertools import permutations

from benchmarks.advisor.contestants.columns import is_led, is_plain, named
from benchmarks.advisor.measuring import Proposal
from benchmarks.advisor.what_if import Planner, btree, proposal
from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import index_name

_MIN_COST = 100.0
_SAVED = 0.5


def dexter(planner: Planner) -> list[Proposal]:
    columns: dict[str, list[str]] = {}
    for each in planner.asked.values():
        for table, column in named(each[0].sql):
            known = columns.setdefault(table, [])
            if column not in known and is_plain(planner, table, column):
                known.append(column)
    single = [
        btree(t, c) for t, found in columns.items() for c in found if not is_led(planner, t, c)
    ]
    pairs = [btree(t, *two) for t, found in columns.items() for two in permutations(found, 2)]
    # All at once for all queries, as indexes that are supposed take long to be there.
    first = {query: planner.price(query, ()) for query in planner.asked}
    planner.place(single, columns)
    one = {query: planner.price(query, single) for query in planner.asked}
    planner.place([*single, *pairs], columns)
    two = {query: planner.price(query, [*single, *pairs]) for query in planner.asked}
    names = {index_name(candidate): candidate for candidate in [*single, *pairs]}
    claims: dict[Candidate, dict[str, float]] = {}
    for query, before in first.items():
        if before.cost < _MIN_COST:
            continue
        again = one[query].cost > _MIN_COST and two[query].cost < one[query].cost * _SAVED
        after = two[query] if again else one[query]
        chosen = [names[name] for name in after.used if name in names]
        if after.cost > before.cost * _SAVED or not chosen:
            continue
        best = (
            min(chosen, key=lambda c: (planner.price(query, [c]).cost, c))
            if chosen[1:]
            else chosen[0]
        )
        cost = planner.price(query, [best]).cost
        if cost <= before.cost * _SAVED:
            claims.setdefault(best, {})[query] = before.cost / max(cost, 1e-9)
    return [proposal(candidate, said) for candidate, said in claims.items()]
