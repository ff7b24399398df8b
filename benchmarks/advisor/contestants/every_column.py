"""An index on each column that a condition names: what a worried developer does."""

from __future__ import annotations

from benchmarks.advisor.contestants.columns import conditions, is_led, named
from benchmarks.advisor.measuring import Proposal
from benchmarks.advisor.what_if import Planner, btree, proposal


def every_column(planner: Planner) -> list[Proposal]:
    found = {
        (table, column)
        for each in planner.asked.values()
        for table, column in named(conditions(each[0].sql.partition(" ORDER BY ")[0]))
        if not is_led(planner, table, column)
    }
    return [proposal(btree(*place)) for place in sorted(found)]
