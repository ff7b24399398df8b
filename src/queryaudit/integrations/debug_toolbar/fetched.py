"""Rows and the time to build their objects, by statement, as a request goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from queryaudit.records.events import (
    Fetch,
    Hydration,
    Occurrence,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.sql.statement import Statements
from queryaudit.trace.tables import Tables


@dataclass(slots=True)
class FetchTotals:
    """``rows`` leaves out statements of one row or none: those are not told apart."""

    rows: int = 0
    built_ns: int = 0


class FetchCounts:
    """Listens beside the engine that judges."""

    def __init__(self, tables: Tables, statements: Statements) -> None:
        self._tables = tables
        self._statements = statements
        self._by_text: dict[int, FetchTotals] = {}

    def start(self, event: ScopeStart) -> None:
        """Scopes are not told apart: all belong to the request."""

    def end(self, event: ScopeEnd) -> None:
        """Nothing is judged."""

    def record(self, occurrences: Sequence[Occurrence]) -> None:
        for event in occurrences:
            if isinstance(event, Fetch):
                self._of(event.sql).rows += event.rows
            elif isinstance(event, Hydration):
                self._of(event.sql).built_ns += event.duration_ns

    def _of(self, sql: int) -> FetchTotals:
        totals = self._by_text.get(sql)
        if totals is None:
            totals = self._by_text[sql] = FetchTotals()
        return totals

    def by_fingerprint(self) -> dict[str, FetchTotals]:
        """By fingerprint of the statement, as reports have them."""
        added: dict[str, FetchTotals] = {}
        for sql, totals in self._by_text.items():
            fingerprint = self._statements.of(self._tables.sql[sql].text).fingerprint
            entry = added.setdefault(fingerprint, FetchTotals())
            entry.rows += totals.rows
            entry.built_ns += totals.built_ns
        return added
