"""Ledger -> the tables around the findings: how much was looked at, and what it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from queryaudit.analysis.ledger import Ledger
from queryaudit.records.findings import Finding
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.report import Audited, ScopeSummary, StatementSummary

_STATEMENTS, _SUMMARIES = 50, 200


def audited(ledger: Ledger) -> Audited:
    totals = ledger.scopes.values()
    return Audited(
        tests=ledger.kinds[ScopeKind.TEST],
        requests=ledger.kinds[ScopeKind.REQUEST],
        scopes=sum(ledger.kinds.values()),
        queries=sum(scope.queries for scope in totals),
        setup_queries=ledger.setup_queries,
        duration_ns=sum(scope.duration_ns for scope in totals),
        rows=sum(scope.rows for scope in totals),
        hydration_ns=sum(scope.hydration_ns for scope in totals),
        dropped=ledger.dropped,
        files=ledger.scanned,
        databases=tuple(f"{alias} ({vendor})" for alias, vendor in sorted(ledger.databases)),
    )


def scopes(ledger: Ledger, findings: Sequence[Finding]) -> tuple[ScopeSummary, ...]:
    counts = Counter((s.kind, s.name) for finding in findings for s in finding.scopes)
    rows = [
        ScopeSummary(
            kind=kind.name.lower(),
            name=name,
            runs=totals.runs,
            queries=totals.queries,
            worst=totals.worst,
            duration_ns=totals.duration_ns,
            findings=counts[kind.name.lower(), name],
            rows=totals.rows,
            hydration_ns=totals.hydration_ns,
            elapsed_ns=totals.elapsed_ns,
        )
        for (kind, name), totals in ledger.scopes.items()
    ]
    return tuple(sorted(rows, key=lambda r: (-r.worst, -r.queries, r.kind, r.name))[:_SUMMARIES])


def statements(ledger: Ledger) -> tuple[StatementSummary, ...]:
    by_calls = sorted(ledger.statements.items(), key=lambda i: (-i[1].calls, i[0]))[:_STATEMENTS]
    by_time = sorted(ledger.statements.items(), key=lambda i: (-i[1].duration_ns, i[0]))
    chosen = dict(by_calls) | dict(by_time[:_STATEMENTS])
    rows = [
        StatementSummary(
            fingerprint=key,
            statement=totals.statement,
            calls=totals.calls,
            duration_ns=totals.duration_ns,
            scopes=len(totals.scopes),
            locations=ledger.top_locations(totals),
            rows=totals.rows,
            hydration_ns=totals.hydration_ns,
        )
        for key, totals in chosen.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.calls, row.fingerprint)))
