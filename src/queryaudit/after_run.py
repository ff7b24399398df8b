"""What a test run tries once its tests are through: indexes, and deadlocks that it found.

All of it is asked for by options, and what does it is loaded only then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from queryaudit.config import Config
from queryaudit.errors import QueryAuditError
from queryaudit.judging import Analysis
from queryaudit.locking.graph import RULE, is_postgres
from queryaudit.records.advised import Tried
from queryaudit.records.findings import Diagnostic
from queryaudit.records.plans import Explaining, PlanMode
from queryaudit.records.report import Report
from queryaudit.trace.tables import Tables

if TYPE_CHECKING:
    from queryaudit.plans.planners import Planners


class Advised(NamedTuple):
    """What became of indexes for a test run, and what is to be said about that."""

    diagnostics: list[Diagnostic]
    tried: Tried = Tried()


#: Brings all that was asked to the analysis, planned by who is named. What is wrong with it.
Feed = Callable[["Planners | None"], list[Diagnostic]]


def gather(tables: Tables, config: Config) -> None:
    """Before the first test: what is asked is gathered, though nothing is explained in tests."""
    if config.advise and tables.explaining is None:
        tables.explaining = Explaining(PlanMode.GENERIC)


def advised(analysis: Analysis, feed: Feed) -> Advised:
    """Feed ``analysis``, and try indexes where the option ``advise`` says: the rows of tests say
    nothing about them. Never raises for a place that can't be used: the run is reported without."""
    wanted = analysis.config.advise
    if not wanted:
        return Advised(feed(None))
    from queryaudit.advising import Terms, places

    found: list[Diagnostic] | None = None
    try:
        with places(wanted, analysis, Terms(scratch=True)) as there:
            found = []
            found = feed(there.planners)
            advice = there.advise()
            found = [*found, *there.planners.diagnostics()]
    except QueryAuditError as error:
        if found is None:
            found = feed(None)
        return Advised([*found, _not_advised(error.message, error.hint)])
    if advice.interruption:
        found.append(_not_advised(f"Not all was tried: {advice.interruption}.", ""))
    return Advised(found, advice.tried)


def replayed(report: Report, analysis: Analysis) -> Report:
    """``report``, with the option ``prove`` its deadlocks replayed on the server of the tests.

    What can't be replayed stays, with a diagnostic that says why.
    """
    claimed = any(finding.rule == RULE for finding in report.findings)
    if not analysis.config.prove or not claimed:
        return report
    from queryaudit.plans.django_server import url_of
    from queryaudit.proving import databases, with_proofs

    aliases = [name for name, vendor in databases(report) if is_postgres(vendor)]
    if not aliases:
        return report
    try:
        return with_proofs(report, analysis, url_of(aliases[0]))
    except QueryAuditError as error:
        told = Diagnostic(
            slug="not-replayed",
            message=f"No deadlock was replayed: {error.message}",
            hint=error.hint,
        )
        return replace(report, diagnostics=(*report.diagnostics, told))


def _not_advised(message: str, hint: str) -> Diagnostic:
    return Diagnostic(slug="not-advised", message=f"No index was advised. {message}", hint=hint)
