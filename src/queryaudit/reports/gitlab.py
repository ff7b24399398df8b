"""GitLab Code Quality: the findings beside the changes of a merge request.

GitLab compares the reports of two branches by fingerprint, so known findings are in it too. A
run that audited nothing is an entry of its own: an empty list would read as all mended.
"""

from __future__ import annotations

import json
from typing import TextIO

from queryaudit.records.findings import Finding
from queryaudit.records.report import Report
from queryaudit.records.rules import Severity
from queryaudit.reports import wording
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.clean import clean
from queryaudit.reports.codec import Json
from queryaudit.reports.index_words import Recommended, recommended
from queryaudit.reports.region import region

_SEVERITIES = {Severity.NOTE: "info", Severity.WARNING: "minor", Severity.ERROR: "major"}


class GitlabReporter:
    """Renders a report as a Code Quality artifact; options do not apply."""

    name = "gitlab"
    suffix = None

    def __init__(self, options: Options = DEFAULTS) -> None:
        self.options = options

    def render(self, report: Report, stream: TextIO) -> None:
        issues = [
            *(_issue(finding) for finding in report.findings),
            *(_index(each) for each in recommended(report)),
        ]
        nothing = wording.nothing_audited(report.audited)
        if nothing is not None:
            issues.insert(0, _nothing(nothing))
        emit(stream, json.dumps(issues, indent=2, ensure_ascii=True) + "\n")


def _issue(finding: Finding) -> Json:
    place = region(finding.location)
    return {
        "type": "issue",
        "engine_name": "queryaudit",
        "check_name": clean(finding.rule, 40),
        "description": (
            f"{clean(finding.name, 80)}: {clean(finding.message, 1_000)} ({wording.cost(finding)})"
        ),
        "categories": ["Performance"],
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": clean(finding.fingerprint, 200),
        "location": {
            "path": clean(finding.location.path, 1_000),
            "lines": {"begin": place.line, "end": place.end_line},
        },
    }


def _index(each: Recommended) -> Json:
    place = each.location
    line = max(1, place.line) if place is not None else 1
    return {
        "type": "issue",
        "engine_name": "queryaudit",
        "check_name": clean(each.index.rule, 40),
        "description": f"index: {clean(each.message, 2_000)}",
        "categories": ["Performance"],
        "severity": _SEVERITIES[Severity.NOTE],
        "fingerprint": each.fingerprint,
        "location": {
            "path": clean(place.path, 1_000) if place is not None else ".",
            "lines": {"begin": line, "end": line},
        },
    }


def _nothing(text: str) -> Json:
    return {
        "type": "issue",
        "engine_name": "queryaudit",
        "check_name": "nothing-audited",
        "description": f"{clean(text)} {wording.NOTHING_HINT}",
        "categories": ["Performance"],
        "severity": "major",
        "fingerprint": "nothing-audited",
        "location": {"path": ".", "lines": {"begin": 1, "end": 1}},
    }
