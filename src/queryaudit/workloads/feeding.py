"""Hands a workload from elsewhere to the analysis, as if it were one long unit of work."""

from __future__ import annotations

from typing import Protocol

from queryaudit.analysis.ledger import Spent
from queryaudit.judging import Analysis
from queryaudit.records.definitions import Frame, SqlText
from queryaudit.records.events import ScopeStart
from queryaudit.records.findings import Diagnostic
from queryaudit.records.kinds import FrameKind, Phase, ScopeKind
from queryaudit.sql.statement import parse
from queryaudit.trace.tables import Tables
from queryaudit.workloads.entries import Found


class Completing(Protocol):
    """Who brings the plans that are missing, and the catalogue."""

    def complete(self, tables: Tables, alias: str) -> None: ...


def feed(
    found: Found, analysis: Analysis, alias: str, planner: Completing | None = None
) -> list[Diagnostic]:
    """Add the statements of ``found`` to what was asked on ``alias``.

    Only rules that look at the run as a whole have something to say: there are no units of work.
    """
    ledger = analysis.ledger
    scope = ScopeStart(1, None, ScopeKind.BLOCK, found.name, Phase.CALL)
    tables, whole = Tables(), Spent()
    for id, entry in enumerate(found.entries, 1):
        statement = parse(entry.text)
        if statement.tables and all(table.startswith("pg_") for table in statement.tables):
            continue
        tables.sql[id] = SqlText(id, entry.text)
        if entry.plan is not None:
            tables.plans.append(entry.plan._replace(sql=id))
        spent = Spent(entry.calls, entry.duration_ns, entry.rows)
        whole = Spent(
            whole.queries + spent.queries,
            whole.duration_ns + spent.duration_ns,
            whole.rows + spent.rows,
        )
        place = _place(found.name, entry.line)
        ledger.add_statement(statement, scope, place, spent)
        ledger.gathered.add(alias, statement, scope, place, (), spent.queries, spent.duration_ns)
    ledger.add_scope(scope, whole)
    ledger.databases.add((alias, "postgresql"))
    if planner is not None:
        planner.complete(tables, alias)
    for plan in tables.plans:
        ledger.gathered.add_plan(plan, parse(tables.sql[plan.sql].text))
    for relation in tables.relations:
        ledger.gathered.add_relation(relation)
    return list(found.diagnostics)


def _place(name: str, line: int) -> Frame:
    return Frame(FrameKind.PROJECT, name, line, None, None, None, "", None, None, None, ())
