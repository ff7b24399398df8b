"""The report: all that a reporter ever sees."""

from __future__ import annotations

from dataclasses import dataclass

from queryaudit.records.advised import AdvisedIndex
from queryaudit.records.drawn import PlanSummary
from queryaudit.records.findings import Diagnostic, Finding, Suppression, UnusedIgnore
from queryaudit.records.rules import Rule, Severity

#: Bumped when a field's meaning changes or a field goes; new fields do not bump it.
REPORT_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """How much was looked at, so that an inert setup can't look clean."""

    tests: int = 0
    requests: int = 0
    scopes: int = 0  #: all judged units of work, tests and requests included
    queries: int = 0  #: queries in judged scopes
    setup_queries: int = 0  #: queries of fixtures and teardown: counted, not judged
    duration_ns: int = 0  #: database time in judged scopes
    rows: int = 0  #: fetched by queries that gave two or more
    hydration_ns: int = 0  #: time in which rows were made objects
    dropped: int = 0  #: queries that were seen but could not be written down
    files: int = 0  #: files of source code that were scanned
    databases: tuple[str, ...] = ()  #: ``default (postgresql)``


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSummary:
    kind: str
    name: str
    runs: int
    queries: int  #: over all runs
    worst: int  #: in the worst run
    duration_ns: int
    findings: int
    rows: int = 0  #: over all runs, of queries that gave two or more
    hydration_ns: int = 0  #: time in which rows were made objects
    elapsed_ns: int = 0  #: from beginning to end, over all runs


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSummary:
    fingerprint: str
    statement: str  #: normalised SQL
    calls: int
    duration_ns: int
    scopes: int
    locations: tuple[str, ...]  #: ``path:line``, capped
    rows: int = 0
    hydration_ns: int = 0  #: time in which its rows were made objects


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """The verdict on a report against a baseline."""

    fail_on: Severity | None  #: None: nothing fails
    failed: bool
    new: tuple[str, ...]  #: fingerprints of causes that count
    known: tuple[str, ...]
    stale: tuple[str, ...]  #: baseline lines that nothing matched, as readable text
    baseline: str | None  #: the baseline's path, if there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    tool: str  #: queryaudit's version
    audited: Audited
    findings: tuple[Finding, ...]  #: by impact
    suppressed: tuple[Suppression, ...] = ()
    unused_ignores: tuple[UnusedIgnore, ...] = ()
    scopes: tuple[ScopeSummary, ...] = ()
    statements: tuple[StatementSummary, ...] = ()
    plans: tuple[PlanSummary, ...] = ()  #: where statements were explained, the dearest first
    indexes: tuple[AdvisedIndex, ...] = ()  #: where some were asked for
    rules: tuple[Rule, ...] = ()  #: the rules that the findings name
    diagnostics: tuple[Diagnostic, ...] = ()
    gate: GateResult | None = None
    schema: int = REPORT_SCHEMA

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """Findings at or above ``severity``, in order."""
        return tuple(f for f in self.findings if f.severity >= severity)
