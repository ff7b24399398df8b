"""Small reports for the tests of the gate."""

from __future__ import annotations

from queryaudit.records.findings import Cause, Evidence, Finding, Grade, Location
from queryaudit.records.report import Audited, Report
from queryaudit.records.rules import Severity


def cause(fingerprint: str, what: str = "book.author", line: int = 10, queries: int = 5) -> Cause:
    return Cause(
        rule="QA101",
        path="author",
        description=what,
        location=Location(path="shop/views.py", line=line, function="book_list"),
        loop=None,
        loop_line=None,
        statement="SELECT 1",
        queries=queries,
        worst=queries,
        duration_ns=queries * 1000,
        fingerprint=fingerprint,
    )


def finding(*causes: Cause, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(
        rule="QA101",
        name="lazy-relation",
        severity=severity,
        message="",
        location=causes[0].location,
        evaluated=None,
        source="shop.Book",
        causes=causes,
        queries=5,
        duration_ns=5,
        scopes=(),
        scope_count=1,
        evidence=Evidence(grade=Grade.OBSERVED, text=""),
        fix=None,
        fingerprint=causes[0].fingerprint,
    )


def report(*findings: Finding, audited: Audited | None = None) -> Report:
    some = Audited(tests=1, scopes=1, queries=3)
    return Report(tool="0.1.0", audited=audited or some, findings=findings)
