"""The cost with indexes that are not there: what HypoPG gives other advisors, from a twin."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.advisor.measuring import Proposal, used_in
from benchmarks.advisor.workload import Statement
from queryaudit.advice.candidates import Candidate, Key
from queryaudit.advice.index_code import ddl, index_name
from queryaudit.plans.catalogue import relations
from queryaudit.plans.postgres import numbered
from queryaudit.proof.laboratory import Built
from queryaudit.records.plans import Relation
from queryaudit.twin.session import Twin
from queryaudit.twin.what_if import TwinWhatIf


class Priced(NamedTuple):
    cost: float
    used: frozenset[str]


def btree(table: str, *columns: str) -> Candidate:
    keys = tuple(Key(column) for column in columns)
    return Candidate("public", table, "btree", keys, len(keys))


def proposal(candidate: Candidate, claims: Mapping[str, float] | None = None) -> Proposal:
    made = ddl(candidate, f'"{candidate.table}"')
    return Proposal(index_name(candidate), made, claims or {})


class Planner:
    """Costs of queries, planned for any values as PostgreSQL does without them."""

    def __init__(self, what_if: TwinWhatIf, asked: Mapping[str, Sequence[Statement]]) -> None:
        self._what_if = what_if
        self.asked = asked
        names = what_if.server.run(
            "SELECT schemaname::text, tablename::text FROM pg_tables WHERE schemaname = 'public'"
        )
        found = relations(what_if.server, {(s, t) for s, t in names}, "default")
        self.relations: dict[str, Relation] = {relation.name: relation for relation in found}
        self.tables = {
            query: frozenset(t for t in self.relations if f'"{t}"' in each[0].sql)
            for query, each in asked.items()
        }
        self._there: dict[Candidate, Built] = {}
        self._known: dict[tuple[str, frozenset[Candidate]], Priced] = {}
        self.sizes: dict[Candidate, int] = {}

    def price(self, query: str, candidates: Collection[Candidate]) -> Priced:
        """With those of the candidates in place that its tables have."""
        wanted = frozenset(c for c in candidates if c.table in self.tables[query])
        known = self._known.get((query, wanted))
        if known is None:
            self.place(wanted, self.tables[query])
            known = self._known[query, wanted] = self._priced(self.asked[query][0].sql)
        return known

    def place(self, wanted: Collection[Candidate], tables: Collection[str]) -> None:
        for candidate in [*self._there]:
            if candidate.table in tables and candidate not in wanted:
                self._what_if.remove(self._there.pop(candidate))
        for candidate in sorted(set(wanted) - self._there.keys()):
            built = self._what_if.add(candidate, self.relations[candidate.table])
            self._there[candidate] = built
            self.sizes[candidate] = built.bytes

    def _priced(self, sql: str) -> Priced:
        server = self._what_if.server
        server.run("SAVEPOINT plan")
        try:
            rows = server.run(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered(sql)}")
        except Exception:  # noqa: BLE001 - whatever a driver raises: it can't be planned
            server.run("ROLLBACK TO SAVEPOINT plan")
            return Priced(0.0, frozenset())
        server.run("RELEASE SAVEPOINT plan")
        root = rows[0][0]
        plan = (json.loads(root) if isinstance(root, str) else root)[0]["Plan"]
        return Priced(float(plan["Total Cost"]), frozenset(used_in(plan)))


@contextmanager
def planner(directory: Path, asked: Mapping[str, Sequence[Statement]]) -> Iterator[Planner]:
    with Twin(directory, alone=True) as twin:
        what_if = TwinWhatIf(twin)
        with what_if.trying():
            yield Planner(what_if, asked)
