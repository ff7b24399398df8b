"""The laboratory on SQLite: a copy of the whole database, made when something is to be tried."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from time import monotonic

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import ddl, index_name
from queryaudit.errors import QueryAuditError
from queryaudit.plans.policy import only_reads
from queryaudit.plans.server import RefusedError, Server
from queryaudit.proof.budget import Budget
from queryaudit.proof.laboratory import Built, Run, Runs
from queryaudit.proof.sqlite_bench import SqliteBench
from queryaudit.proof.sqlite_copy import bytes_in_use, copied
from queryaudit.proof.sqlite_inserts import insert_ns
from queryaudit.proof.sqlite_values import sampled_sets
from queryaudit.proof.trial import Compared, compare
from queryaudit.records.plans import CatalogIndex, Relation
from queryaudit.records.workload import Asked
from queryaudit.sql.quoting import identifier

#: A statement may take so many seconds.
_TIMEOUT_S = 60.0
_STEPS = 200_000


class SqliteLaboratory:
    """Implements ``Laboratory``. ``open`` opens the user's database, to read."""

    def __init__(
        self,
        open: Callable[[], sqlite3.Connection],
        server: Server,
        texts: Mapping[str, str],
        budget: Budget,
        told: Callable[[str], None],
    ) -> None:
        self._open = open
        self._server = server
        self._texts = texts
        self._budget = budget
        self._told = told
        self.shares: dict[tuple[str, str], float] = {}
        self._copy: sqlite3.Connection | None = None
        self._refusal = ""
        self._runs = Runs(self._with_values)

    def close(self) -> None:
        if self._copy is not None:
            self._copy.close()

    def identity(self, relation: Relation) -> str:
        found = self._server.run(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", (relation.name,)
        )
        made = blake2b(repr(found).encode(), digest_size=8).hexdigest()
        return f"{made} {relation.rows.bit_length()}"

    def copy(self, relation: Relation, small_table: int) -> str:
        if self._copy is None and not self._refusal:
            self._told("copying the database")
            try:
                with closing(self._open()) as source:
                    self._copy = copied(source, self._budget.max_clone)
            except (RefusedError, QueryAuditError) as error:
                self._refusal = str(error)
        self.shares[relation.schema, relation.name] = 1.0
        return self._refusal

    def runs(self, statements: Sequence[Asked]) -> Iterator[Run]:
        return self._runs.of(statements)

    def runs_on(self, table: str, runs: Sequence[Run]) -> list[Run]:
        """A view leads to its tables."""
        bench = self._bench
        return [
            run
            for run in runs
            if any(node.relation == table for node in bench.plan(run.sql, run.values).nodes)
        ]

    def lacks(self, candidates: Sequence[Candidate]) -> str:
        return ""

    def copied_index(self, relation: Relation, index: CatalogIndex) -> str | None:
        return index.name

    def build(self, candidate: Candidate) -> Built:
        copy = self._there
        before = bytes_in_use(copy)
        copy.execute(ddl(candidate, identifier(candidate.table)))
        built = Built(index_name(candidate), bytes_in_use(copy) - before)
        if self._has_statistics:
            copy.execute(f"ANALYZE {identifier(built.name)}")
        return built

    def drop(self, candidate: Candidate) -> None:
        self._there.execute(f"DROP INDEX IF EXISTS {identifier(index_name(candidate))}")

    def insert_ns(self, relation: Relation, candidate: Candidate) -> int | None:
        return insert_ns(self._there, relation.name, index_name(candidate))

    def compare(self, run: Run, names: Sequence[str]) -> Compared:
        end = monotonic() + _TIMEOUT_S
        self._there.set_progress_handler(lambda: monotonic() > end, _STEPS)
        try:
            return compare(self._bench, run.sql, run.values, names)
        except sqlite3.OperationalError as error:
            if monotonic() > end:
                raise RefusedError("a statement took too long") from error
            raise
        finally:
            self._there.set_progress_handler(None, 0)

    @property
    def _there(self) -> sqlite3.Connection:
        if self._copy is None:
            raise RefusedError(self._refusal or "there is no copy of the database")
        return self._copy

    @property
    def _bench(self) -> SqliteBench:
        return SqliteBench(self._there)

    @property
    def _has_statistics(self) -> bool:
        """Whether somebody takes statistics of the database: else its planner will have none of
        the index either."""
        known = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
        return bool(self._there.execute(known).fetchone()[0])

    def _with_values(self, asked: Asked) -> Iterator[Run]:
        sql = self._texts.get(asked.fingerprint)
        if sql is None or asked.plan is None or not only_reads(sql):
            return
        for values in sampled_sets(self._server, sql) or ():
            yield Run(asked, sql, values)
