"""The terminal: what was found, by impact, each with its cause, fix and proof.

Works without colour, without UTF-8, in a pipe and at 40 columns. The last line always says how
much was audited.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import TextIO

from rich.console import Console, Group, RenderableType, detect_legacy_windows
from rich.rule import Rule as Line
from rich.text import Text

from queryaudit.records.findings import Finding
from queryaudit.records.report import Report
from queryaudit.records.rules import Severity
from queryaudit.reports import wording
from queryaudit.reports.advice_text import AdviceLine, advice_lines
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.clean import clean
from queryaudit.reports.terminal_finding import SEVERITY_STYLES, finding_page
from queryaudit.reports.terminal_layout import Layout, hanging

_NARROWEST = 40
_DEFAULT_WIDTH = 100
_WIDEST = 120
#: Findings in full, those of the largest impact. Nobody reads thousands of lines of a terminal.
_IN_FULL = 30


class TerminalReporter:
    """Renders a report for people at a terminal or in a build log."""

    name = "terminal"
    suffix = ".txt"

    def __init__(
        self, options: Options = DEFAULTS, *, environ: Mapping[str, str] = os.environ
    ) -> None:
        self.options = options
        self._environ = environ

    def render(self, report: Report, stream: TextIO) -> None:
        tty = _is_tty(stream)
        color = wants_color(self.options.color, tty, self._environ)
        width = self.options.width or (_terminal_width() if tty else _DEFAULT_WIDTH)
        layout = Layout(width=max(_NARROWEST, min(width, max(_WIDEST, self.options.width or 0))))
        buffer = io.StringIO()
        console = Console(
            file=buffer,
            width=layout.width,
            force_terminal=color,
            force_jupyter=False,
            color_system="standard" if color else None,
            no_color=not color,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )
        page = _quiet(report) if self.options.quiet else _page(report, layout, self.options)
        for part in page:
            console.print(part, soft_wrap=self.options.quiet, crop=False)
        for part in _closing(report, self.options):
            console.print(part, soft_wrap=not tty and not self.options.width)
        text = buffer.getvalue()
        if not color:
            text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        emit(stream, text)


def wants_color(wanted: bool | None, tty: bool, environ: Mapping[str, str]) -> bool:
    """An explicit wish first, then NO_COLOR (no-color.org), FORCE_COLOR, then the stream."""
    if wanted is not None:
        return wanted
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return tty and environ.get("TERM") != "dumb" and not detect_legacy_windows()


def _is_tty(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _terminal_width() -> int:
    return shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns


def _quiet(report: Report) -> Iterator[RenderableType]:
    for finding in report.findings:
        yield _one_line(finding, wording.is_known(finding, report.gate))


def _page(report: Report, layout: Layout, options: Options) -> Iterator[RenderableType]:
    full = [f for f in report.findings if options.verbose or not _folds(f, report)]
    folded = [f for f in report.findings if not options.verbose and _folds(f, report)]
    most = len(full) if options.verbose else _IN_FULL
    shown = full[: most if options.limit is None else options.limit]
    for finding in shown:
        yield _ruler(finding)
        yield from finding_page(finding, report.gate, layout)
        yield ""
    if options.limit is not None and len(shown) < len(full):
        yield Text(
            f"{wording.count(len(full) - len(shown), 'further finding')} left out by the limit "
            f"of {options.limit}; the HTML and JSON reports have them all.",
            style="bold",
        )
        yield ""
    elif len(shown) < len(full):
        yield from _listing(
            "Further findings; -v has them in full, as have the other reports",
            [_one_line(f, known=False) for f in full[len(shown) :]],
        )
    yield from _listing(
        "Notes and findings known to the baseline",
        [_one_line(f, wording.is_known(f, report.gate)) for f in folded],
    )
    if report.indexes:
        yield Line(Text("indexes", "bold"), align="left", style="dim", characters="─")
        yield from map(_advised, advice_lines(report.indexes))
    yield from _aside(report, options)
    if report.findings:
        yield Text(
            f"To accept a finding: `{wording.SUPPRESS_COMMENT}` {wording.SUPPRESS_PLACE}.",
            style="dim",
        )
        yield ""
    yield Line(style="dim", characters="─")


def _advised(line: AdviceLine) -> RenderableType:
    if line.is_code or not line.text:
        # In a group, as the console makes a new text of one that stands alone.
        return Group(Text(line.text, no_wrap=True, overflow="ignore"))
    text = line.text.lstrip()
    return hanging(Text(" " * (len(line.text) - len(text))), Text(text))


def _folds(finding: Finding, report: Report) -> bool:
    return finding.severity is Severity.NOTE or wording.is_known(finding, report.gate)


def _ruler(finding: Finding) -> RenderableType:
    return Line(
        Text.assemble(
            (finding.severity.label, SEVERITY_STYLES[finding.severity]),
            " ",
            (clean(finding.rule, 40), "bold"),
            " ",
            clean(finding.name, 80),
        ),
        align="left",
        style="dim",
        characters="─",
    )


def _one_line(finding: Finding, known: bool) -> Text:
    return Text.assemble(
        (clean(str(finding.location), 400), "bold"),
        ": ",
        (finding.severity.label, SEVERITY_STYLES[finding.severity]),
        f" {clean(finding.rule, 40)} {clean(finding.name, 80)}: {clean(finding.message, 1_000)}",
        (f" ({wording.cost(finding)}{', known' if known else ''})", "dim"),
    )


def _listing(title: str, lines: list[Text]) -> Iterator[RenderableType]:
    if not lines:
        return
    yield Text(title, style="bold")
    yield Group(*(hanging(Text("  "), line) for line in lines))
    yield ""


def _aside(report: Report, options: Options) -> Iterator[RenderableType]:
    """What is not a finding: ignores, problems of the audit itself, stale baseline lines."""
    if options.verbose:
        yield from _listing(
            "Ignored",
            [
                Text(
                    clean(
                        f"{s.place}: {s.rule} {s.finding.location} ({s.reason or 'no reason'})",
                        1_000,
                    )
                )
                for s in report.suppressed
            ],
        )
    yield from _listing(
        "Ignores that ignore nothing: remove them",
        [Text(clean(f"{u.place}: {u.rule} ({u.reason})", 1_000)) for u in report.unused_ignores],
    )
    stale = report.gate.stale if report.gate else ()
    yield from _listing(
        "Baseline lines that nothing matches: remove them",
        [Text(clean(line, 1_000)) for line in stale],
    )
    problems = [
        Text.assemble(
            (clean(d.slug, 80), "yellow"),
            f": {clean(d.message, 1_000)}",
            f" ({d.count:,} times)" if d.count > 1 else "",
            f" {clean(d.hint, 1_000)}" if d.hint else "",
        )
        for d in report.diagnostics
    ]
    lost = wording.loss(report.audited)
    if lost is not None:
        problems.append(Text.assemble(("dropped", "yellow"), f": {lost}"))
    yield from _listing("About this audit", problems)


def _closing(report: Report, options: Options) -> Iterator[RenderableType]:
    upkeep = wording.upkeep(report)
    if options.quiet and upkeep is not None:
        yield Text(f"Also: {upkeep} (told in full without -q)", style="yellow")
    for line in () if options.quiet else wording.building(report):
        yield Text(clean(line), style="yellow")
    nothing = wording.nothing_audited(report.audited)
    if nothing is not None:
        yield Text(f"!!! {clean(nothing)}", style="bold red")
        yield Text(wording.NOTHING_HINT)
    verdict = wording.verdict(report)
    if verdict is not None and report.gate is not None:
        yield Text(verdict, style="bold red" if report.gate.failed else "bold green")
    yield Text(clean(wording.summary(report)), style="bold")
