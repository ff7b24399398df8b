"""Statements on a copy of a SQLite database, timed with all their rows fetched."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import get_clock_info, perf_counter_ns, thread_time_ns
from typing import Any

from queryaudit.plans import sqlite
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.trial import QUICK_NS, Run
from queryaudit.records.plans import Plan
from queryaudit.sql.quoting import identifier

#: As many as Django fetches at once.
_ROWS = 100
#: SQLite works in our own thread, and the copy is in memory or as good as there: the processor's
#: time is what a statement takes, whoever else is at work. Some systems count it in ticks.
_FINE_S = 1e-6
now = thread_time_ns if get_clock_info("thread_time").resolution <= _FINE_S else perf_counter_ns


class SqliteBench:
    """Implements ``Bench``."""

    def __init__(self, copy: sqlite3.Connection) -> None:
        self._copy = copy
        self._server = UrlServer(copy, "sqlite")

    def plan(self, sql: str, values: Sequence[Any]) -> Plan:
        return sqlite.explain(self._server, sql, tuple(values), id=0, alias="")

    def run(self, sql: str, values: Sequence[Any]) -> Run:
        # What was made or dropped is read from the schema again when something is planned first.
        indexes = frozenset(node.using for node in self.plan(sql, values).nodes if node.using)
        duration = self._timed(sql, values)
        if duration < QUICK_NS:
            duration = self._timed(sql, values)
        return Run(duration, indexes)

    @contextmanager
    def without(self, names: Sequence[str]) -> Iterator[None]:
        """They are dropped inside a transaction that is rolled back, so nothing is built twice."""
        self._copy.execute("BEGIN")
        try:
            for name in names:
                self._copy.execute(f"DROP INDEX {identifier(name)}")
            yield
        finally:
            self._copy.execute("ROLLBACK")

    def rows(self, sql: str, values: Sequence[Any]) -> object:
        is_open = " LIMIT " in sql.upper()
        count = told = 0
        for row in self._fetched(sql, values):
            count += 1
            told += 0 if is_open else hash(row)
        return count, told

    def _timed(self, sql: str, values: Sequence[Any]) -> int:
        start = now()
        for _ in self._fetched(sql, values):
            pass
        return now() - start

    def _fetched(self, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        cursor = self._copy.execute(sqlite.with_question_marks(sql), tuple(values))
        try:
            while rows := cursor.fetchmany(_ROWS):
                yield from rows
        finally:
            cursor.close()
