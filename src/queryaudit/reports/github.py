"""GitHub: workflow commands that become annotations on the changed lines.

GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest without a
word, so no more are written and the last one says what was left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from queryaudit.records.findings import Finding
from queryaudit.records.report import Report
from queryaudit.records.rules import Severity
from queryaudit.reports import wording
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.clean import clean
from queryaudit.reports.index_words import recommended
from queryaudit.reports.region import region

_COMMANDS = {Severity.NOTE: "notice", Severity.WARNING: "warning", Severity.ERROR: "error"}
#: How many of a kind are shown; one notice is the summary.
_MOST = {Severity.NOTE: 9, Severity.WARNING: 10, Severity.ERROR: 10}


class GithubReporter:
    """Renders new findings as annotations, and a notice that sums up."""

    name = "github"
    suffix = None

    def __init__(self, options: Options = DEFAULTS) -> None:
        self.options = options

    def render(self, report: Report, stream: TextIO) -> None:
        emit(stream, "".join(f"{line}\n" for line in _commands(report, self.options)))


def command(name: str, properties: dict[str, str], message: str) -> str:
    """``::name key=value,...::message``, escaped as the runner unescapes it."""
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _commands(report: Report, options: Options) -> Iterator[str]:
    fresh = [f for f in report.findings if not wording.is_known(f, report.gate)]
    shown = _shown(fresh[: options.limit])
    room = _MOST[Severity.NOTE] - sum(f.severity is Severity.NOTE for f in shown)
    nothing = wording.nothing_audited(report.audited)
    if nothing is not None:
        yield command("error", {"title": "queryaudit"}, f"{clean(nothing)} {wording.NOTHING_HINT}")
    for finding in shown:
        yield command(
            _COMMANDS[finding.severity], _properties(finding), "\n".join(_message(finding))
        )
    for each in recommended(report)[:room]:
        title = {"title": f"{clean(each.index.rule, 40)} index"}
        place = each.location
        at = {} if place is None else {"file": clean(place.path, 1_000), "line": str(place.line)}
        yield command("notice", at | title, clean(each.message, 2_000))
    yield command(
        "notice", {"title": "queryaudit"}, "\n".join(_summary(report, len(fresh) - len(shown)))
    )


def _shown(findings: list[Finding]) -> list[Finding]:
    """The heaviest of each severity, as many as GitHub shows, in order."""
    room = dict(_MOST)
    shown: list[Finding] = []
    for finding in findings:
        if room[finding.severity]:
            room[finding.severity] -= 1
            shown.append(finding)
    return shown


def _properties(finding: Finding) -> dict[str, str]:
    """GitHub takes columns only where an annotation is on one line."""
    place = region(finding.location)
    properties = {
        "file": clean(finding.location.path, 1_000),
        "line": str(place.line),
        "endLine": str(place.end_line),
    }
    if place.one_line and place.column is not None and place.end_column is not None:
        properties |= {"col": str(place.column), "endColumn": str(place.end_column)}
    title = f"{clean(finding.rule, 40)} {clean(finding.name, 80)}"
    return properties | {"title": title}


def _message(finding: Finding) -> Iterator[str]:
    yield clean(finding.message, 1_000)
    yield f"{wording.cost(finding)} over the whole run"
    if finding.fix is not None:
        saving = wording.saving(finding)
        yield f"Fix: {clean(finding.fix.title, 400)}{f' ({saving})' if saving else ''}"


def _summary(report: Report, left_out: int) -> Iterator[str]:
    yield clean(wording.summary(report), 2_000)
    if left_out:
        yield f"{wording.count(left_out, 'further finding')} without an annotation"
    verdict = wording.verdict(report)
    if verdict is not None:
        yield verdict
    upkeep = wording.upkeep(report)
    if upkeep is not None:
        yield upkeep
