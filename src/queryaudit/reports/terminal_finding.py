"""One finding in full, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from queryaudit.records.findings import Applicability, Cause, Finding, Fix, Location
from queryaudit.records.report import GateResult
from queryaudit.records.rules import Severity
from queryaudit.reports import wording
from queryaudit.reports.clean import clean, clean_lines
from queryaudit.reports.diff import code_lines, diffs
from queryaudit.reports.source import source_lines
from queryaudit.reports.sqltext import one_line
from queryaudit.reports.terminal_layout import Layout, hanging, listing, patch

SEVERITY_STYLES = {
    Severity.NOTE: "bold blue",
    Severity.WARNING: "bold yellow",
    Severity.ERROR: "bold red",
}

_FIX_STYLES = {
    Applicability.SAFE: "green",
    Applicability.UNSAFE: "yellow",
    Applicability.DISPLAY_ONLY: "dim",
}

_MOST_CAUSES = 20
_MOST_SCOPES = 5
_LONGEST_STATEMENT = 240
_LONGEST_SCRIPT = 200_000


def finding_page(
    finding: Finding, gate: GateResult | None, layout: Layout
) -> Iterator[RenderableType]:
    """What, where, why, how to mend it, how sure that is, and where it was seen."""
    yield Text(clean(finding.message, 1_000), style="bold")
    yield ""
    yield layout.section("where", *_place(finding, layout))
    yield layout.section("causes", *_causes(finding, gate, layout))
    if finding.fix is not None:
        yield from _fix(finding.fix, wording.saving(finding), layout)
    yield layout.section("evidence", *_evidence(finding))
    for line in _script(finding):
        yield layout.verbatim(Text(line, style="dim" if line.startswith("--") else ""))
    if finding.scopes:
        yield layout.section("seen in", *_scopes(finding))
    yield layout.section("id", Text(clean(finding.fingerprint, 200), style="dim"))


def _at(location: Location) -> Text:
    text = Text(clean(str(location), 400), style="bold")
    if location.function:
        text.append(f"  {clean(location.function, 200)}", style="not bold")
    if location.kind != "project":
        text.append(f"  ({clean(location.kind, 20)})", style="not bold dim")
    return text


def _place(finding: Finding, layout: Layout) -> Iterator[RenderableType]:
    yield _at(finding.location)
    lines = source_lines(finding.location)
    if lines:
        yield listing(lines, layout.room)
    if finding.source:
        yield Text(f"rows came from: {clean(finding.source, 200)}", style="dim")
    if finding.evaluated is not None:
        yield Text.assemble(("evaluated at ", "dim"), _at(finding.evaluated))
    yield ""


def _causes(finding: Finding, gate: GateResult | None, layout: Layout) -> Iterator[RenderableType]:
    if finding.queries or finding.scopes:
        yield Text(f"{wording.cost(finding)} over the whole run", style="bold")
    new = wording.new_causes(finding, gate)
    width = max(len(wording.times(cause)) for cause in finding.causes)
    seen = {str(finding.location)}
    for cause in finding.causes[:_MOST_CAUSES]:
        head = Text(f"{wording.times(cause):>{width}}", style="bold")
        parts: list[RenderableType] = [_what(cause, finding, cause.fingerprint in new)]
        parts += _asked_at(cause, finding)
        lines = source_lines(cause.location, context=0)
        if lines and str(cause.location) not in seen:
            seen.add(str(cause.location))
            parts.append(listing(lines, layout.room - head.cell_len))
        parts.append(Text(one_line(cause.statement, _LONGEST_STATEMENT), style="dim"))
        yield hanging(head, Group(*parts))
    if len(finding.causes) > _MOST_CAUSES:
        yield Text(f"and {wording.count(len(finding.causes) - _MOST_CAUSES, 'more cause')}")
    yield ""


def _what(cause: Cause, finding: Finding, new: bool) -> Text:
    text = Text(clean(cause.description or "this query", 300), style="bold")
    facts: list[str] = []
    if cause.queries:
        took = [wording.duration(cause.duration_ns)] if cause.duration_ns else []
        facts = [*took, f"up to {cause.worst:,} in one run"]
    if cause.path and cause.path != cause.description:
        facts.insert(0, f"path {clean(cause.path, 200)}")
    if cause.rule != finding.rule:
        facts.append(clean(cause.rule, 40))
    if facts:
        text.append(f"  {', '.join(facts)}", style="not bold")
    if new:
        text.append("  new", style="bold red")
    return text


def _asked_at(cause: Cause, finding: Finding) -> Iterator[Text]:
    """Where the query was made and in which loop, unless the finding has said so already."""
    if str(cause.location) == str(finding.location) and not cause.loop:
        return
    text = _at(cause.location)
    if cause.loop:
        line = f", line {cause.loop_line}" if cause.loop_line else ""
        text.append(f"  in `{clean(cause.loop, 200)}`{line}", style="not bold")
    yield text


def _fix(fix: Fix, saving: str | None, layout: Layout) -> Iterator[RenderableType]:
    how = Text(wording.APPLICABILITY[fix.applicability], style=_FIX_STYLES[fix.applicability])
    if saving:
        how.append(f", {saving} over the run", style="bold green")
    yield layout.section("fix", Text(clean(fix.title, 400), style="bold"), how)
    files = diffs(fix)
    for diff in files:
        yield layout.rest(Text(diff.path, style="dim"))
        yield from map(layout.verbatim, patch(diff))
    if not files:
        for line in code_lines(fix):
            yield layout.verbatim(Text(f"  {line}", style="green"))
    if fix.note:
        yield layout.rest(Text(clean(fix.note, 1_000), style="dim"))
    yield ""


def _evidence(finding: Finding) -> Iterator[RenderableType]:
    evidence = finding.evidence
    name, space, meaning = wording.grade(finding).partition(" ")
    text = clean(evidence.text, 1_000)
    yield Text.assemble((name, "bold"), f"{space}{meaning}: {text}")
    if evidence.reproduce and "\n" not in evidence.reproduce:
        yield hanging(Text("$ ", style="dim"), Text(clean(evidence.reproduce, 1_000)))


def _script(finding: Finding) -> list[str]:
    """What makes it happen again, to be copied: whole, as it would not run otherwise."""
    text = finding.evidence.reproduce
    return clean_lines(text, _LONGEST_SCRIPT) if "\n" in text else []


def _scopes(finding: Finding) -> Iterator[RenderableType]:
    shown = finding.scopes[:_MOST_SCOPES]
    width = max((len(clean(scope.kind, 20)) for scope in shown), default=0)
    for scope in shown:
        yield Text.assemble(
            (f"{clean(scope.kind, 20):<{width}} ", "dim"),
            (clean(scope.name, 300), "bold"),
            f"  {wording.spent(scope.queries, scope.duration_ns)}",
        )
    more = finding.scope_count - len(shown)
    if more > 0:
        yield Text(f"and {more:,} more", style="dim")
