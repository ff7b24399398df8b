"""Greedy by cost, after Extend (Schlosser, Kossmann, Boissier, ICDE 2019), in our own words.

In each step the index is added, or an index that was chosen gets one more column, that saves most
of the workload's cost per byte, until the budget is used up or next to nothing is saved.
"""

from __future__ import annotations

from benchmarks.advisor.contestants.columns import conditions, is_led, is_plain, named, order
from benchmarks.advisor.measuring import Proposal
from benchmarks.advisor.what_if import Planner, btree, proposal
from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import index_name

_WIDTH = 3
#: What a step must save of the workload's cost.
_LEAST = 0.003


def extend(planner: Planner, budget: int) -> list[Proposal]:
    columns: dict[str, list[str]] = {}
    for each in planner.asked.values():
        for table, column in named(conditions(each[0].sql) or order(each[0].sql)):
            known = columns.setdefault(table, [])
            if column not in known and is_plain(planner, table, column):
                known.append(column)
    first = sum(planner.price(query, ()).cost for query in planner.asked)
    chosen: list[Candidate] = []
    gains: dict[tuple[frozenset[Candidate], Candidate], float] = {}
    while True:
        options: list[tuple[Candidate, Candidate | None]] = [
            (made, None)
            for table, found in columns.items()
            for column in found
            if (made := btree(table, column)) not in chosen and not is_led(planner, table, column)
        ]
        options += [
            (btree(old.table, *(key.column for key in old.keys), column), old)
            for old in chosen
            for column in columns[old.table]
            if len(old.keys) < _WIDTH and column not in {key.column for key in old.keys}
        ]
        best: tuple[float, Candidate, Candidate | None] | None = None
        for option, old in options:
            concerned = [q for q, tables in planner.tables.items() if option.table in tables]
            near = frozenset().union(*(planner.tables[q] for q in concerned)) if concerned else ()
            key = (frozenset(c for c in chosen if c.table in near), option)
            after = [c for c in chosen if c != old] + [option]
            if key not in gains:
                gains[key] = sum(
                    planner.price(q, chosen).cost - planner.price(q, after).cost for q in concerned
                )
            size = sum(planner.sizes.get(c, 0) for c in after)
            more = planner.sizes.get(option, 0) - (planner.sizes.get(old, 0) if old else 0)
            if size > budget or gains[key] < first * _LEAST:
                continue
            score = gains[key] / max(more, 8192)
            if best is None or score > best[0]:
                best = (score, option, old)
        if best is None:
            break
        chosen = [c for c in chosen if c != best[2]] + [best[1]]
    claims = {
        candidate: {
            query: planner.price(query, ()).cost / max(planner.price(query, chosen).cost, 1e-9)
            for query in planner.asked
            if index_name(candidate) in planner.price(query, chosen).used
        }
        for candidate in chosen
    }
    return [proposal(candidate, said) for candidate, said in claims.items()]
