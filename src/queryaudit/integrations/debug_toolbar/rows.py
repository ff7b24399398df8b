"""What the panel shows, worked out from a report.

The toolbar keeps a panel's data as JSON between requests: strings, numbers, and lists of rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from queryaudit.integrations.debug_toolbar.fetched import FetchTotals
from queryaudit.records.findings import Cause, Finding, Fix
from queryaudit.records.report import Report, StatementSummary
from queryaudit.reports import wording
from queryaudit.reports.clean import clean
from queryaudit.reports.diff import code_lines, diffs
from queryaudit.reports.source import source_lines
from queryaudit.reports.sqltext import one_line

_MOST_FINDINGS = 50
_MOST_CAUSES = 30
_MOST_STATEMENTS = 100
_MOST_PLACES = 5
_LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """A line of source. ``sign`` is that of a diff, or marks what is meant; ``number`` is a
    line of the file as it is, empty for one that is to come."""

    number: str
    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    rule: str
    description: str
    place: str
    source: str
    loop: str  #: ``loop: for book in books, line 12``; empty if no loop is known
    queries: int
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRow:
    """Lines that go and come, or that only show what to write: then ``place`` is empty."""

    place: str
    lines: tuple[CodeRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRow:
    title: str
    caution: str
    saving: str
    edits: tuple[EditRow, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    rule: str
    name: str
    severity: str
    message: str
    cost: str
    source: str
    place: str
    function: str
    lines: tuple[CodeRow, ...]
    evaluated: str
    causes: tuple[CauseRow, ...]
    fix: FixRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """All executions of one statement, folded."""

    calls: int
    time: str
    rows: int
    built: str  #: time to build the objects; empty if none were built
    statement: str
    causes: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRows:
    queries: int
    time: str
    time_ms: float
    repeated: int
    rows: int
    built: str
    findings: tuple[FindingRow, ...]
    left_out: int
    statements: tuple[StatementRow, ...]
    ignored: int
    problems: tuple[str, ...]


def panel_rows(report: Report, fetched: Mapping[str, FetchTotals]) -> PanelRows:
    """Everything that the panel's template prints, cut to a readable size."""
    causes: dict[str, list[Cause]] = defaultdict(list)
    for finding in report.findings:
        for cause in finding.causes:
            causes[cause.statement].append(cause)
    audited = report.audited
    loss = wording.loss(audited)
    problems = [f"{d.message} {d.hint}".strip() for d in report.diagnostics]
    return PanelRows(
        queries=audited.queries,
        time=wording.duration(audited.duration_ns),
        time_ms=round(audited.duration_ns / 1e6, 3),
        repeated=sum(row.calls - 1 for row in report.statements),
        rows=sum(totals.rows for totals in fetched.values()),
        built=_time(sum(totals.built_ns for totals in fetched.values())),
        findings=tuple(_finding(finding) for finding in report.findings[:_MOST_FINDINGS]),
        left_out=max(0, len(report.findings) - _MOST_FINDINGS),
        statements=tuple(
            _statement(row, causes.get(row.statement, []), fetched.get(row.fingerprint, _NOTHING))
            for row in report.statements[:_MOST_STATEMENTS]
        ),
        ignored=len(report.suppressed),
        problems=tuple(clean(problem) for problem in (*problems, loss or "") if problem),
    )


def _finding(finding: Finding) -> FindingRow:
    return FindingRow(
        rule=finding.rule,
        name=finding.name,
        severity=finding.severity.label,
        message=clean(finding.message),
        cost=wording.cost(finding),
        source=clean(finding.source),
        place=clean(str(finding.location)),
        function=clean(finding.location.function),
        lines=tuple(
            CodeRow(number=str(line.number), sign=">" if line.guilty else " ", text=line.text)
            for line in source_lines(finding.location)
        ),
        evaluated=clean(str(finding.evaluated)) if finding.evaluated else "",
        causes=tuple(_cause(cause) for cause in finding.causes[:_MOST_CAUSES]),
        fix=_fix(finding, finding.fix) if finding.fix else None,
    )


def _cause(cause: Cause) -> CauseRow:
    return CauseRow(
        rule=cause.rule,
        description=clean(cause.description or cause.path),
        place=clean(str(cause.location)),
        source=clean(cause.location.source),
        loop=_loop(cause),
        queries=cause.queries,
        time=wording.duration(cause.duration_ns),
    )


def _loop(cause: Cause) -> str:
    if cause.loop is None:
        return ""
    line = f", line {cause.loop_line}" if cause.loop_line is not None else ""
    return clean(f"loop: {cause.loop}{line}")


def _fix(finding: Finding, fix: Fix) -> FixRow:
    edits = tuple(
        EditRow(
            place=f"{diff.path}:{diff.first_line}",
            lines=tuple(
                CodeRow(number=str(line.number or ""), sign=line.change.value, text=line.text)
                for line in diff.lines
            ),
        )
        for diff in diffs(fix)
    )
    code = tuple(CodeRow(number="", sign="", text=text) for text in code_lines(fix))
    if not edits and code:
        edits = (EditRow(place="", lines=code),)
    return FixRow(
        title=clean(fix.title),
        caution=wording.APPLICABILITY[fix.applicability],
        saving=wording.saving(finding) or "",
        edits=edits,
        note=clean(fix.note.replace("`", "")),  # the toolbar gives code a line of its own
    )


_NOTHING = FetchTotals()


def _time(duration_ns: int) -> str:
    return wording.duration(duration_ns) if duration_ns else ""


def _statement(row: StatementSummary, causes: list[Cause], fetched: FetchTotals) -> StatementRow:
    words = [
        " ".join(filter(None, (cause.rule, cause.description or cause.path, _loop(cause))))
        for cause in causes
    ]
    places = [str(cause.location) for cause in causes] or list(row.locations)
    return StatementRow(
        calls=row.calls,
        time=wording.duration(row.duration_ns),
        rows=fetched.rows,
        built=_time(fetched.built_ns),
        statement=one_line(row.statement, _LONGEST),
        causes=tuple(clean(word) for word in dict.fromkeys(words)),
        places=tuple(clean(place) for place in list(dict.fromkeys(places))[:_MOST_PLACES]),
    )
