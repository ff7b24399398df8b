"""SARIF 2.1.0: for code scanning, and for editors that show results and apply fixes.

Paths are relative to ``%SRCROOT%``, the project's root. Known and ignored findings are in the
file, marked as such, so that a viewer can tell what is new.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TextIO
from urllib.parse import quote

from queryaudit.records.findings import Cause, Edit, Finding, Fix, Location, Suppression
from queryaudit.records.report import Report
from queryaudit.records.rules import HEADINGS, Rule, Severity
from queryaudit.reports import wording
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.clean import clean, clean_lines, shorten
from queryaudit.reports.codec import Json
from queryaudit.reports.index_words import Recommended, recommended
from queryaudit.reports.region import region, utf16_length
from queryaudit.rulepages import rule_markdown

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"

#: Named in results; a viewer tells new from old by it. Bumped if fingerprints change meaning.
FINGERPRINT = "queryaudit/v1"

_MOST_CAUSES = 50
_LONGEST_HELP = 20_000
_LONGEST_FIX = 20_000
_PLACE = re.compile(r"(.+):(\d{1,9})", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:/")

Object = dict[str, Json]


class SarifReporter:
    """Renders a report as a log of one run; options do not apply."""

    name = "sarif"
    suffix = ".sarif"

    def __init__(self, options: Options = DEFAULTS) -> None:
        self.options = options

    def render(self, report: Report, stream: TextIO) -> None:
        emit(stream, json.dumps(_log(report), indent=2, ensure_ascii=True) + "\n")


def _log(report: Report) -> Object:
    rules = {rule.code: index for index, rule in enumerate(report.rules)}
    found = [(finding, None) for finding in report.findings]
    ignored = [(suppression.finding, suppression) for suppression in report.suppressed]
    notifications = list(_notifications(report))
    run: Object = {
        "tool": {"driver": _driver(report, notifications)},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The project's root."}}},
        "invocations": [
            {
                "executionSuccessful": wording.nothing_audited(report.audited) is None,
                "toolExecutionNotifications": list(notifications),
            }
        ],
        "results": [
            *(_result(f, s, report, rules) for f, s in [*found, *ignored]),
            *(_index(each, report, rules) for each in recommended(report)),
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(report: Report, notifications: list[Object]) -> Object:
    slugs = sorted({json.dumps(n["descriptor"]) for n in notifications})
    return {
        "name": "queryaudit",
        "version": clean(report.tool, 80),
        "rules": [_rule(rule) for rule in report.rules],
        "notifications": [json.loads(slug) for slug in slugs],
    }


def _rule(rule: Rule) -> Object:
    help_: Object = {"text": _page(inspect.cleandoc(rule.doc)) or clean(rule.summary, 1_000)}
    if rule.sections().keys() >= set(HEADINGS):
        help_["markdown"] = _page(rule_markdown(rule))
    return {
        "id": clean(rule.code, 40),
        "name": clean(rule.name, 80),
        "shortDescription": {"text": clean(rule.summary, 1_000)},
        "help": help_,
        "defaultConfiguration": {"level": rule.severity.label},
        "properties": {"tags": ["performance", "database"]},
    }


def _page(text: str) -> str:
    return "\n".join(clean_lines(text, _LONGEST_HELP))


def _result(
    finding: Finding, suppression: Suppression | None, report: Report, rules: dict[str, int]
) -> Object:
    result: Object = {"ruleId": clean(finding.rule, 40)}
    if finding.rule in rules:
        result["ruleIndex"] = rules[finding.rule]
    result |= {
        "level": finding.severity.label,
        "message": _message(f"{shorten(finding.message, 1_000)} ({wording.cost(finding)})"),
        "locations": [_location(finding.location)],
        "relatedLocations": _related(finding),
        "partialFingerprints": _fingerprints(finding),
        "suppressions": [] if suppression is None else [_suppression(suppression)],
    }
    if report.gate is not None and report.gate.baseline is not None:
        known = wording.is_known(finding, report.gate)
        result["baselineState"] = "unchanged" if known else "new"
    fix = finding.fix
    if fix is not None and fix.edits and all(_applies(edit) for edit in fix.edits):
        result["fixes"] = [_fix(fix)]
    result["properties"] = {
        "queries": finding.queries,
        "duration_ns": finding.duration_ns,
        "evidence": finding.evidence.grade.name.lower(),
        "evidence_text": finding.evidence.text,
    }
    return result


def _index(each: Recommended, report: Report, rules: dict[str, int]) -> Object:
    """A note on the model that an index is recommended for, with its code."""
    result: Object = {"ruleId": clean(each.index.rule, 40)}
    if clean(each.index.rule, 40) in rules:
        result["ruleIndex"] = rules[clean(each.index.rule, 40)]
    code = "\n".join(clean_lines(each.index.code, _LONGEST_FIX))
    result |= {
        "level": Severity.NOTE.label,
        "message": _message(f"{shorten(each.message, 2_000)}: {shorten(each.index.reason, 500)}"),
        "locations": [] if each.location is None else [_location(each.location)],
        "partialFingerprints": {FINGERPRINT: each.fingerprint},
        "suppressions": [],
    }
    if report.gate is not None and report.gate.baseline is not None:
        result["baselineState"] = "unchanged"  # no baseline counts them
    result["properties"] = {"evidence": each.grade, "index_code": code}
    return result


def _message(text: str) -> Object:
    """Plain text; brackets that would make a link of it are taken apart."""
    return {"text": clean(text, 4_000).replace("](", "] (")}


def _fingerprints(finding: Finding) -> Object:
    """The finding's own, and each cause's: a new cause on a known queryset is something new."""
    causes = sorted({clean(cause.fingerprint, 200) for cause in finding.causes})
    return {
        FINGERPRINT: clean(finding.fingerprint, 200),
        "queryauditCauses/v1": ",".join(causes[:_MOST_CAUSES]),
    }


def _related(finding: Finding) -> list[Json]:
    """Where each cause stands, then where the rows are fetched; numbered from 1."""
    places = [(_cause(cause), cause.location) for cause in finding.causes[:_MOST_CAUSES]]
    if finding.evaluated is not None:
        places.append(("evaluated here", finding.evaluated))
    return [
        {"id": number, "message": _message(text), **_location(location)}
        for number, (text, location) in enumerate(places, 1)
    ]


def _cause(cause: Cause) -> str:
    loop = f" in {shorten(cause.loop, 200)}" if cause.loop else ""
    what = shorten(cause.description or "this query", 300)
    return f"{wording.times(cause)}{what}{loop}"


def _location(location: Location) -> Object:
    place = region(location)
    shown: Object = {"startLine": place.line}
    if place.column is not None:
        shown["startColumn"] = place.column
    shown["endLine"] = place.end_line
    if place.end_column is not None:
        shown["endColumn"] = place.end_column
    found: Object = {"physicalLocation": _physical(location.path, shown)}
    if location.function:
        found["logicalLocations"] = [{"fullyQualifiedName": clean(location.function, 200)}]
    return found


def _physical(path: str, shown: Object) -> Object:
    return {"artifactLocation": _artifact(path), "region": shown}


def _artifact(path: str) -> Object:
    """A URI reference below the root; a path that is absolute stands for itself."""
    name = clean(path, 1_000)
    if _DRIVE.match(name):
        return {"uri": f"file:///{name[:2]}{quote(name[2:])}"}
    if PurePosixPath(name).is_absolute():
        return {"uri": f"file://{quote(name)}"}
    return {"uri": quote(name), "uriBaseId": ROOT}


def _suppression(suppression: Suppression) -> Object:
    reason = clean(suppression.reason, 1_000)
    shown: Object = {"kind": "inSource", "status": "accepted"}
    if reason:
        shown["justification"] = reason
    return shown | _at(suppression.place, "location")


def _at(place: str, key: str) -> Object:
    """``path:line`` as a location under ``key``; nothing if it is not that."""
    match = _PLACE.fullmatch(place)
    if match is None:
        return {}
    line: Object = {"startLine": max(1, int(match[2]))}
    return {key: {"physicalLocation": _physical(match[1], line)}}


def _applies(edit: Edit) -> bool:
    """Whether an edit can be handed over as it is: no text in it that is unfit to show."""
    lines = [line.replace("\t", "") for line in (*edit.before, *edit.after)]
    fits = sum(map(len, lines)) <= _LONGEST_FIX
    return fits and all(clean(line) == line for line in lines)


def _fix(fix: Fix) -> Object:
    title = f"{shorten(fix.title, 400)} ({wording.APPLICABILITY[fix.applicability]})"
    paths = dict.fromkeys(edit.path for edit in fix.edits)
    return {
        "description": _message(title),
        "artifactChanges": [
            {
                "artifactLocation": _artifact(path),
                "replacements": [_replacement(e) for e in fix.edits if e.path == path],
            }
            for path in paths
        ],
    }


def _replacement(edit: Edit) -> Json:
    """Whole lines. The last one keeps its newline, unless lines only come or only go."""
    first, last = edit.first_line, edit.last_line
    deleted: Object = {"startLine": first, "startColumn": 1}
    if edit.before and edit.after:
        deleted |= {"endLine": last, "endColumn": utf16_length(edit.before[-1]) + 1}
        text = "\n".join(edit.after)
    else:
        deleted |= {"endLine": max(first, last + 1), "endColumn": 1}
        text = "".join(f"{line}\n" for line in edit.after)
    return {"deletedRegion": deleted, "insertedContent": {"text": text}}


def _notifications(report: Report) -> Iterable[Object]:
    """What the audit says about itself."""
    nothing = wording.nothing_audited(report.audited)
    if nothing is not None:
        yield _notification("nothing-audited", "error", f"{nothing} {wording.NOTHING_HINT}")
    for each in report.diagnostics:
        times = f" ({each.count:,} times)" if each.count > 1 else ""
        text = f"{shorten(each.message, 1_000)}{times} {shorten(each.hint, 1_000)}"
        yield _notification(clean(each.slug, 80), "warning", text.rstrip())
    lost = wording.loss(report.audited)
    if lost is not None:
        yield _notification("dropped", "warning", lost)
    for unused in report.unused_ignores:
        text = f"The ignore of {shorten(unused.rule, 40)} ignores nothing: remove it."
        at = _at(unused.place, "location")
        more: Object = {"locations": [at["location"]]} if at else {}
        yield _notification("unused-ignore", "note", text) | more
    for line in report.gate.stale if report.gate else ():
        text = f"Nothing matches this baseline line, remove it: {shorten(line, 1_000)}"
        yield _notification("stale-baseline", "note", text)


def _notification(slug: str, level: str, text: str) -> Object:
    return {"descriptor": {"id": slug}, "level": level, "message": _message(text)}
