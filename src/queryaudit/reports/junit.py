"""JUnit XML: the audit as a test report, for servers that read nothing else.

One case for each finding, named so that it stays the same case while lines move. One more
says whether anything was audited, so that an inert setup is an error and not an empty suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from queryaudit.records.findings import Finding, Suppression
from queryaudit.records.report import GateResult, Report
from queryaudit.reports import wording
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.clean import clean, clean_lines
from queryaudit.reports.diff import code_lines, diffs
from queryaudit.reports.index_words import Recommended, recommended

_MOST_CAUSES = 20
_LONGEST_CODE = 20_000
#: Left over by ``clean``, and not characters to XML.
_NO_CHARACTERS = str.maketrans(dict.fromkeys("\ufffe\uffff", "\N{REPLACEMENT CHARACTER}"))


class JunitReporter:
    """Renders a report as one suite; what the gate counts fails, what is accepted is skipped."""

    name = "junit"
    suffix = ".xml"

    def __init__(self, options: Options = DEFAULTS) -> None:
        self.options = options

    def render(self, report: Report, stream: TextIO) -> None:
        text = "".join(f"{line}\n" for line in _suites(report)).translate(_NO_CHARACTERS)
        emit(stream, text.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _suites(report: Report) -> Iterator[str]:
    indexes = recommended(report)
    counts = _attributes(
        tests=str(1 + len(report.findings) + len(report.suppressed) + len(indexes)),
        failures=str(sum(_counts(f, report.gate) for f in report.findings)),
        errors=str(int(wording.nothing_audited(report.audited) is not None)),
        skipped=str(
            sum(wording.is_known(f, report.gate) for f in report.findings) + len(report.suppressed)
        ),
    )
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="queryaudit"{counts}>'
    yield f'  <testsuite name="queryaudit"{counts}>'
    yield from _audit(report)
    for finding in report.findings:
        yield from _finding(finding, report.gate)
    for suppression in report.suppressed:
        yield from _suppressed(suppression)
    for each in indexes:
        yield from _index(each)
    yield from _about(report)
    yield "  </testsuite>"
    yield "</testsuites>"


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())


def _counts(finding: Finding, gate: GateResult | None) -> bool:
    """Whether the gate counts a cause of the finding, at a severity that fails."""
    if gate is None or gate.fail_on is None or finding.severity < gate.fail_on:
        return False
    new = set(gate.new)
    return any(cause.fingerprint in new for cause in finding.causes)


def _audit(report: Report) -> Iterator[str]:
    nothing = wording.nothing_audited(report.audited)
    case = _attributes(classname="queryaudit", name="something was audited", time="0")
    if nothing is None:
        yield f"    <testcase{case}/>"
        return
    yield f"    <testcase{case}>"
    yield f"      <error{_attributes(message=clean(nothing), type='nothing-audited')}>"
    yield f"{escape(wording.NOTHING_HINT)}</error>"
    yield "    </testcase>"


def _case(finding: Finding) -> str:
    where = f" in {clean(finding.location.function, 200)}" if finding.location.function else ""
    rule = f"{clean(finding.rule, 40)} {clean(finding.name, 80)}"
    return _attributes(
        classname=clean(finding.location.path, 1_000),
        name=f"{rule}{where} ({clean(finding.fingerprint, 200)})",
        file=clean(finding.location.path, 1_000),
        line=str(max(1, finding.location.line)),
        time="0",
    )


def _finding(finding: Finding, gate: GateResult | None) -> Iterator[str]:
    yield f"    <testcase{_case(finding)}>"
    if wording.is_known(finding, gate):
        yield f"      <skipped{_attributes(message='known to the baseline')}/>"
    body = escape("\n".join(_body(finding)))
    if _counts(finding, gate):
        facts = _attributes(message=clean(finding.message, 1_000), type=clean(finding.rule, 40))
        yield f"      <failure{facts}>{body}</failure>"
    else:
        yield f"      <system-out>{body}</system-out>"
    yield "    </testcase>"


def _suppressed(suppression: Suppression) -> Iterator[str]:
    reason = clean(suppression.reason, 300) or "no reason"
    message = f"ignored at {clean(suppression.place, 400)}: {reason}"
    yield f"    <testcase{_case(suppression.finding)}>"
    yield f"      <skipped{_attributes(message=message)}/>"
    yield "    </testcase>"


def _index(each: Recommended) -> Iterator[str]:
    """An index to add fails nothing."""
    index, place = each.index, each.location
    at = {} if place is None else {"file": clean(place.path, 1_000), "line": str(place.line)}
    case = _attributes(
        classname=clean(place.path if place is not None else index.model, 1_000),
        name=f"{clean(index.rule, 40)} index {clean(index.title, 400)} ({each.fingerprint})",
        **at,
        time="0",
    )
    yield f"    <testcase{case}>"
    code = clean_lines(index.code, _LONGEST_CODE)
    body = escape("\n".join((clean(each.message, 2_000), *(f"  {line}".rstrip() for line in code))))
    yield f"      <system-out>{body}</system-out>"
    yield "    </testcase>"


def _body(finding: Finding) -> Iterator[str]:
    yield f"{clean(str(finding.location), 1_000)}: {clean(finding.message, 1_000)}"
    yield f"{wording.cost(finding)} over the whole run"
    for cause in finding.causes[:_MOST_CAUSES]:
        what = clean(cause.description or "this query", 300)
        loop = f" in {clean(cause.loop, 200)}" if cause.loop else ""
        place = clean(str(cause.location), 400)
        yield f"{wording.times(cause)}{what} at {place}{loop}"
    if len(finding.causes) > _MOST_CAUSES:
        yield f"and {wording.count(len(finding.causes) - _MOST_CAUSES, 'more cause')}"
    fix = finding.fix
    if fix is not None:
        saving = wording.saving(finding)
        yield f"Fix: {clean(fix.title, 400)}{f' ({saving})' if saving else ''}"
        files = diffs(fix)
        for diff in files:
            yield f"  {diff.path}:{diff.first_line}"
            yield from (f"  {line.change.value}{line.text}".rstrip() for line in diff.lines)
        if not files:
            yield from (f"  {line}" for line in code_lines(fix))
    evidence = finding.evidence
    yield f"{evidence.grade.name.capitalize()}: {clean(evidence.text, 1_000)}"


def _about(report: Report) -> Iterator[str]:
    summary = clean(wording.summary(report), 2_000)
    verdict = wording.verdict(report)
    yield f"    <system-out>{escape(f'{summary}. {verdict}' if verdict else summary)}</system-out>"
    problems = [
        f"{clean(d.slug, 80)}: {clean(d.message, 1_000)} {clean(d.hint, 1_000)}".rstrip()
        for d in report.diagnostics
    ]
    lost = wording.loss(report.audited)
    if lost is not None:
        problems.append(f"dropped: {lost}")
    if problems:
        body = escape("\n".join(problems))
        yield f"    <system-err>{body}</system-err>"
