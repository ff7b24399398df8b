"""Markdown: a comment on a pull request.

Starts with a marker by which a bot finds its own comment again, and never grows beyond what
forges accept: what does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from queryaudit.records.findings import Cause, Finding, Fix
from queryaudit.records.report import Report
from queryaudit.records.rules import Severity
from queryaudit.reports import wording
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.clean import clean_lines
from queryaudit.reports.diff import code_lines, diffs
from queryaudit.reports.markdown_indexes import index_blocks
from queryaudit.reports.markdown_text import code, details, fence, prose, row
from queryaudit.reports.source import source_lines
from queryaudit.reports.sqltext import one_line

MARKER = "<!-- queryaudit -->"
MOST_CHARACTERS = 65_000

_MOST_ROWS = 50
_MOST_CAUSES = 20
_LONGEST_BLOCK = 20_000
_RESERVE = 1_000

_ICONS = {Severity.ERROR: "🔴", Severity.WARNING: "🟡", Severity.NOTE: "🔵"}

_LONGEST_SCRIPT = 200_000


class MarkdownReporter:
    """Renders a report as a comment of at most 65,000 characters."""

    name = "markdown"
    suffix = ".md"

    def __init__(self, options: Options = DEFAULTS) -> None:
        self.options = options

    def render(self, report: Report, stream: TextIO) -> None:
        emit(stream, _comment(report, self.options))


def _comment(report: Report, options: Options) -> str:
    fresh = [f for f in report.findings if not wording.is_known(f, report.gate)]
    head = "\n".join(_head(report, fresh))
    foot = "\n".join(_foot(report))
    room = MOST_CHARACTERS - len(head) - len(foot) - _RESERVE
    wanted = [] if options.quiet else fresh
    blocks: list[str] = []
    for finding in wanted[: options.limit]:
        block = "\n".join(_block(finding))
        if len(block) > _LONGEST_BLOCK:
            block = "\n".join(_short(finding))
        if len(block) + 1 > room:
            break
        room -= len(block) + 1
        blocks.append(block)
    if len(blocks) < len(wanted):
        left = wording.count(len(wanted) - len(blocks), "further finding")
        blocks.append(f"_{left} left out here; the HTML and JSON reports have them all._\n")
    for block in () if options.quiet else index_blocks(report):
        if len(block) + 1 > room:
            blocks.append("_Indexes are left out here: too long._\n")
            break
        room -= len(block) + 1
        blocks.append(block)
    aside = "\n".join(_aside(report))
    if aside and len(aside) <= room:
        blocks.append(aside)
    elif aside:
        blocks.append("_Ignores and diagnostics are left out here: too long._\n")
    return "\n".join([head, *blocks, foot]) + "\n"


def _head(report: Report, fresh: list[Finding]) -> Iterator[str]:
    yield MARKER
    yield f"## queryaudit: {wording.outcome(report)}"
    yield ""
    nothing = wording.nothing_audited(report.audited)
    if nothing is not None:
        yield f"> **⚠️ {prose(nothing)}** {wording.NOTHING_HINT}"
        yield ""
    verdict = wording.verdict(report)
    if verdict is not None:
        yield f"**{verdict}**"
        yield ""
    if not fresh:
        return
    yield row("", "Rule", "Where", "Queries", "Time", "Fix saves")
    yield row("---", "---", "---", "---:", "---:", "---:")
    for finding in fresh[:_MOST_ROWS]:
        saved = finding.fix.saving if finding.fix else None
        yield row(
            f"{_ICONS[finding.severity]} {finding.severity.label}",
            f"{prose(finding.rule, 40)} {prose(finding.name, 80)}",
            code(str(finding.location), 200),
            f"{finding.queries:,}",
            wording.duration(finding.duration_ns),
            wording.count(saved.queries, "query") if saved else "",
        )
    if len(fresh) > _MOST_ROWS:
        yield row("", f"and {len(fresh) - _MOST_ROWS:,} more", "", "", "", "")
    yield ""


def _heading(finding: Finding) -> str:
    return (
        f"### {_ICONS[finding.severity]} {prose(finding.rule, 40)} {prose(finding.name, 80)}: "
        f"{code(str(finding.location), 300)}"
    )


def _short(finding: Finding) -> Iterator[str]:
    yield _heading(finding)
    yield ""
    yield f"{prose(finding.message)} _The details are too long for a comment._"
    yield ""


def _block(finding: Finding) -> Iterator[str]:
    yield _heading(finding)
    yield ""
    yield prose(finding.message)
    yield ""
    yield from _where(finding)
    if finding.fix is not None:
        yield from _fix(finding.fix, wording.saving(finding))
    causes = wording.count(len(finding.causes), "cause")
    yield from details(f"{causes}, {wording.cost(finding)}", _causes(finding.causes))
    evidence = finding.evidence
    name, _, meaning = wording.grade(finding).partition(" ")
    yield f"**{name.capitalize()}**{f' {meaning}' if meaning else ''}: {prose(evidence.text)}"
    if "\n" in evidence.reproduce:
        yield ""
        yield from fence(clean_lines(evidence.reproduce, _LONGEST_SCRIPT), "sql")
    elif evidence.reproduce:
        yield ""
        yield f"Reproduce: {code(evidence.reproduce, 600)}"
    yield ""
    yield f"<sub>{code(finding.fingerprint, 200)}</sub>"
    yield ""


def _where(finding: Finding) -> Iterator[str]:
    lines = source_lines(finding.location)
    if not lines:
        return
    digits = len(str(lines[-1].number))
    yield from fence(
        (
            f"{'>' if line.guilty else ' '} {line.number:>{digits}} | {line.text[:300]}".rstrip()
            for line in lines
        ),
        "python" if finding.location.path.endswith(".py") else "text",
    )
    yield ""


def _fix(fix: Fix, saving: str | None) -> Iterator[str]:
    facts = [wording.APPLICABILITY[fix.applicability]]
    if saving is not None:
        facts.append(saving)
    yield from details(f"<b>Fix:</b> {prose(fix.title, 400)} ({', '.join(facts)})", _fix_body(fix))


def _fix_body(fix: Fix) -> Iterator[str]:
    files = diffs(fix)
    for diff in files:
        lines = [f"--- {diff.path}", f"+++ {diff.path}", f"@@ line {diff.first_line} @@"]
        yield from fence(
            [*lines, *(f"{line.change.value}{line.text}".rstrip() for line in diff.lines)], "diff"
        )
    if not files:
        yield from fence(code_lines(fix), "python")
    if fix.note:
        yield ""
        yield prose(fix.note)


def _causes(causes: tuple[Cause, ...]) -> Iterator[str]:
    yield row(wording.TIMES, "What", "Where", "Time", "Statement")
    yield row("---:", "---", "---", "---:", "---")
    for cause in causes[:_MOST_CAUSES]:
        loop = f" in {code(cause.loop, 200)}" if cause.loop else ""
        yield row(
            wording.repeated(cause),
            code(cause.description or "this query", 200),
            code(str(cause.location), 200) + loop,
            wording.duration(cause.duration_ns) if cause.queries else "",
            code(one_line(cause.statement, 300)),
        )
    if len(causes) > _MOST_CAUSES:
        yield row("", f"and {len(causes) - _MOST_CAUSES:,} more", "", "", "")


def _aside(report: Report) -> Iterator[str]:
    """What is not a new finding, folded."""
    known = [f for f in report.findings if wording.is_known(f, report.gate)]
    lines = [f"- {code(str(f.location))} {prose(f.rule, 40)}: known to the baseline" for f in known]
    lines += [
        f"- {code(s.place)} {prose(s.rule, 40)}: ignored, {prose(s.reason or 'no reason', 300)}"
        for s in report.suppressed
    ]
    lines += [
        f"- {code(u.place)} {prose(u.rule, 40)}: ignores nothing, remove it"
        for u in report.unused_ignores
    ]
    stale = report.gate.stale if report.gate else ()
    lines += [f"- {code(line)}: nothing matches this baseline line, remove it" for line in stale]
    lines += [
        f"- **{prose(d.slug, 80)}** ({d.count:,}{wording.TIMES}): "
        f"{prose(d.message)} {prose(d.hint)}".rstrip()
        for d in report.diagnostics
    ]
    lost = wording.loss(report.audited)
    if lost is not None:
        lines.append(f"- {lost}")
    if lines:
        title = f"Known, ignored and about the audit itself ({len(lines):,})"
        yield from details(title, lines)


def _foot(report: Report) -> Iterator[str]:
    yield prose(wording.summary(report), 2_000)
