"""A session in which indexes are tried: copies of tables, and statements with values for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import index_name
from queryaudit.plans.policy import after_functions, called, permission
from queryaudit.plans.postgres import volatile_of
from queryaudit.plans.server import Server
from queryaudit.proof import clones
from queryaudit.proof.budget import Budget
from queryaudit.proof.clones import Built
from queryaudit.proof.trial import Compared, compare, reads_copy
from queryaudit.proof.values import value_sets
from queryaudit.records.plans import PlanMode, Relation
from queryaudit.records.workload import Asked

#: Statements that an index is tried with: those that are asked most.
_STATEMENTS = 30
_OID = """
SELECT c.oid::bigint FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s
"""
_EXTENSIONS = {"gin_trgm_ops": "pg_trgm"}


class Run(NamedTuple):
    """A statement with one set of values."""

    asked: Asked
    sql: str
    values: tuple[Any, ...]


class Laboratory:
    """What was copied and what is known of statements lasts as long as the session."""

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
        self._runs: dict[str, list[Run]] = {}
        clones.prepare(server)

    def identity(self, relation: Relation) -> str:
        """The same for a table as long as it is this one, and of about this size."""
        found = self._server.run(_OID, (relation.schema, relation.name))
        return f"{found[0][0] if found else 0} {relation.rows.bit_length()}"

    def copy(self, relation: Relation, small_table: int) -> str:
        """Copy a table, or a sample of it. Why that can't be; empty if it is there."""
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
            self._runs.clear()  # values come from the sample from now on
        return ""

    def runs(self, statements: Sequence[Asked]) -> Iterator[Run]:
        """Statements that only read, with values to try them with: those asked most."""
        chosen = sorted(statements, key=lambda asked: (-asked.calls, asked.fingerprint))
        for asked in chosen[:_STATEMENTS]:
            if asked.fingerprint not in self._runs:
                self._runs[asked.fingerprint] = [*self._with_values(asked)]
            yield from self._runs[asked.fingerprint]

    def runs_on(self, table: str, runs: Sequence[Run]) -> list[Run]:
        """Those that read the copy of a table, and no second one of which there is but a sample:
        rows that belong together need not both be in theirs."""
        sampled = {name for (_, name), share in self.shares.items() if share < 1}
        return [
            run
            for run in runs
            if reads_copy(self._server, run.sql, run.values, table)
            and len(sampled.intersection(run.asked.tables)) < 2
        ]

    def lacks(self, candidates: Sequence[Candidate]) -> str:
        """The extension that an index needs, and that is not there."""
        needed = {_EXTENSIONS.get(key.opclass, "") for c in candidates for key in c.keys} - {""}
        for name in sorted(needed):
            if not self._server.run("SELECT FROM pg_extension WHERE extname = %s", (name,)):
                return name
        return ""

    def build(self, candidate: Candidate) -> Built:
        return clones.build(self._server, candidate)

    def drop(self, candidate: Candidate) -> None:
        clones.drop(self._server, index_name(candidate))

    def compare(self, run: Run, names: Sequence[str]) -> Compared:
        return compare(self._server, run.sql, run.values, names)

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
        for values in value_sets(self._server, sql, asked.plan, samples) or ():
            yield Run(asked, sql, values)
