"""Statements on temporary tables of PostgreSQL, by the times of its own EXPLAIN ANALYZE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from queryaudit.plans.server import Server
from queryaudit.proof.explained import explained
from queryaudit.proof.trial import QUICK_NS, Run
from queryaudit.sql.quoting import identifier


class PostgresBench:
    """Implements ``Bench``."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def run(self, sql: str, values: Sequence[Any]) -> Run:
        server = self._server
        # What was made or dropped is read from the catalogue again when something is planned first.
        explained(server, "SUMMARY OFF", sql, tuple(values))
        found = explained(server, "ANALYZE, TIMING OFF", sql, tuple(values))
        if found.execution_ns < QUICK_NS:
            # A turn without the index may have read a whole table, and driven out of memory the few
            # blocks that are wanted here: those of what is asked all the time stay there.
            found = explained(server, "ANALYZE, TIMING OFF", sql, tuple(values))
        return Run(found.planning_ns + found.execution_ns, found.indexes)

    @contextmanager
    def without(self, names: Sequence[str]) -> Iterator[None]:
        """They are dropped inside a transaction that is rolled back, so nothing is built twice."""
        self._server.run("BEGIN")
        try:
            for name in names:
                self._server.run(f"DROP INDEX pg_temp.{identifier(name)}")
            yield
        finally:
            self._server.run("ROLLBACK")

    def rows(self, sql: str, values: Sequence[Any]) -> object:
        counted = "count(*)" if " LIMIT " in sql.upper() else "count(*), sum(hashtext(found::text))"
        [row] = self._server.run(f"SELECT {counted} FROM ({sql}) found", tuple(values))
        return list(row)

    def reads_copy(self, sql: str, values: Sequence[Any], table: str) -> bool:
        """Whether a statement meets the copy: a view, a partition and a schema's name lead past
        it."""
        plan = explained(self._server, "VERBOSE", sql, tuple(values))
        return any(name == table and schema.startswith("pg_temp") for schema, name in plan.tables)
