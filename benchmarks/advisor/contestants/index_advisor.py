"""The rules of Supabase's index_advisor 0.2, as its README and SQL state them, in our own words.

For each query, an index on every column of its tables that has none is supposed at once, the query
is planned for any values, and those that the plan uses are recommended, without any threshold.
"""

from __future__ import annotations

from benchmarks.advisor.contestants.columns import is_led, is_plain
from benchmarks.advisor.measuring import Proposal
from benchmarks.advisor.what_if import Planner, btree, proposal
from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import index_name


def index_advisor(planner: Planner) -> list[Proposal]:
    supposed = [
        btree(table, column.name)
        for table, relation in planner.relations.items()
        for column in relation.columns
        if is_plain(planner, table, column.name) and not is_led(planner, table, column.name)
    ]
    claims: dict[Candidate, dict[str, float]] = {}
    for query in planner.asked:
        before, after = planner.price(query, ()), planner.price(query, supposed)
        for candidate in supposed:
            if index_name(candidate) in after.used:
                claims.setdefault(candidate, {})[query] = before.cost / max(after.cost, 1e-9)
    return [proposal(candidate, said) for candidate, said in claims.items()]
