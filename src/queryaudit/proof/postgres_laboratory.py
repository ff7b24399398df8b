"""The laboratory on PostgreSQL: temporary copies of tables in the user's own database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import index_name
from queryaudit.plans.policy import after_functions, called, permission
from queryaudit.plans.postgres import volatile_of
from queryaudit.plans.server import Server
from queryaudit.proof import clones
from queryaudit.proof.budget import Budget
from queryaudit.proof.laboratory import Built, Run, Runs
from queryaudit.proof.postgres_bench import PostgresBench
from queryaudit.proof.postgres_values import sampled_sets
from queryaudit.proof.trial import Compared, compare
from queryaudit.records.plans import CatalogIndex, PlanMode, Relation
from queryaudit.records.workload import Asked
from queryaudit.sql.quoting import unqualified

_OID = """
SELECT c.oid::bigint FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s
"""
_EXTENSIONS = {"gin_trgm_ops": "pg_trgm"}


class PostgresLaboratory:
    """Implements ``Laboratory``."""

    def __init__(
        self,
        server: Server,
        texts: Mapping[str, str],
        budget: Budget,
        told: Callable[[str], None],
    ) -> None:
        self._server = server
        self._texts = texts
        self._budget = budget
        self._told = told
        #: how much of each table was copied, by schema and name
        self.shares: dict[tuple[str, str], float] = {}
        self._bytes = 0
        self._runs = Runs(self._with_values)
        self._bench = PostgresBench(server)
        clones.prepare(server)

    def identity(self, relation: Relation) -> str:
        found = self._server.run(_OID, (relation.schema, relation.name))
        return f"{found[0][0] if found else 0} {relation.rows.bit_length()}"

    def copy(self, relation: Relation, small_table: int) -> str:
        place = (relation.schema, relation.name)
        if place in self.shares:
            return ""
        room = min(self._budget.max_clone, self._budget.max_clones - self._bytes)
        share = clones.share_of(relation.bytes, room)
        if share < 1 and relation.rows * share < small_table:
            return "the table is too large to be copied, and a sample of it would be too small"
        of = "" if share == 1 else f"{share:.1%} of "
        self._told(f"copying {of}{relation.name}")
        most = None if share == 1 else round(relation.rows * share)
        self._bytes += clones.clone(self._server, *place, share=share, most=most)
        self.shares[place] = share
        if share < 1:
            self._runs.forget()  # values come from the sample from now on
        return ""

    def runs(self, statements: Sequence[Asked]) -> Iterator[Run]:
        return self._runs.of(statements)

    def runs_on(self, table: str, runs: Sequence[Run]) -> list[Run]:
        """And no second one of which there is but a sample: rows that belong together need not
        both be in theirs."""
        sampled = {name for (_, name), share in self.shares.items() if share < 1}
        return [
            run
            for run in runs
            if self._bench.reads_copy(self._on_copies(run), run.values, table)
            and len(sampled.intersection(run.asked.tables)) < 2
        ]

    def lacks(self, candidates: Sequence[Candidate]) -> str:
        needed = {_EXTENSIONS.get(key.opclass, "") for c in candidates for key in c.keys} - {""}
        for name in sorted(needed):
            if not self._server.run("SELECT FROM pg_extension WHERE extname = %s", (name,)):
                return name
        return ""

    def copied_index(self, relation: Relation, index: CatalogIndex) -> str | None:
        return clones.copied_index(self._server, relation.schema, relation.name, index.name)

    def build(self, candidate: Candidate) -> Built:
        return clones.build(self._server, candidate)

    def drop(self, candidate: Candidate) -> None:
        clones.drop(self._server, index_name(candidate))

    def insert_ns(self, relation: Relation, candidate: Candidate) -> int | None:
        """What it writes to its log is told instead: copies write none."""
        return None

    def compare(self, run: Run, names: Sequence[str]) -> Compared:
        return compare(self._bench, self._on_copies(run), run.values, names)

    def _on_copies(self, run: Run) -> str:
        """The statement without the schemas of tables that were copied: copies have another."""
        nodes = run.asked.plan.nodes if run.asked.plan is not None else ()
        tables = {name for node in nodes for name in (node.alias, node.relation)}
        sql = run.sql
        for schema, table in self.shares:
            if schema not in tables:  # else it is a column that stands behind the point
                sql = unqualified(sql, schema, table)
        return sql

    def _with_values(self, asked: Asked) -> Iterator[Run]:
        sql = self._texts.get(asked.fingerprint)
        if sql is None or asked.plan is None:
            return
        permitted = after_functions(
            permission(sql, PlanMode.ANALYZED, "postgresql"),
            volatile_of(self._server, called(sql)),
        )
        if permitted.mode is not PlanMode.ANALYZED:
            return
        samples = {place for place, share in self.shares.items() if share < 1}
        for values in sampled_sets(self._server, sql, asked.plan, samples) or ():
            yield Run(asked, sql, values)
