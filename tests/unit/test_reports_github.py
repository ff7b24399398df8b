"""GitHub: annotations that arrive whole, and no more than are shown."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from queryaudit.records.rules import Severity
from queryaudit.reports.base import Options
from queryaudit.reports.github import GithubReporter, command
from tests.golden.sample import clean_run, empty, many, sample


def render(report, **options) -> list[str]:
    stream = io.StringIO()
    GithubReporter(Options(**options)).render(report, stream)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("file", "message", "line"),
    [
        ("a.py", "plain", "::error file=a.py::plain"),
        ("a,b:c.py", "x: y, z", "::error file=a%2Cb%3Ac.py::x: y, z"),
        ("50%.py", "100%", "::error file=50%25.py::100%25"),
        ("%0A", "%0A", "::error file=%250A::%250A"),
        ("a\r\nb", "one\r\ntwo", "::error file=a%0D%0Ab::one%0D%0Atwo"),
    ],
)
def test_a_command_is_escaped_as_the_runner_unescapes_it(file, message, line):
    assert command("error", {"file": file}, message) == line


def test_a_finding_is_an_annotation_of_its_severity_at_the_place_to_edit():
    first, second, *_ = render(sample())

    assert first == (
        "::error file=shop/views.py,line=31,endLine=31,col=23,endColumn=77,"
        "title=QA101 lazy-relation-in-loop::Each shop.Book loads author, author.publisher and "
        "reviews with its own query.%0A360 queries, 192 ms over the whole run%0AFix: Add "
        'select_related("author__publisher") and prefetch_related("reviews") '
        "(saves 354 queries and 171 ms)"
    )
    assert second.startswith("::warning file=shop/stock.py,line=58,endLine=60,title=QA103 ")


def test_known_and_ignored_findings_are_not_annotated():
    text = "\n".join(render(sample()))

    assert "shop/export.py" not in text
    assert "shop/admin.py" not in text


def test_the_last_line_sums_up():
    assert render(sample())[-1] == (
        "::notice title=queryaudit::Audited 12 tests, 34 requests, 1,410 queries on default "
        "(postgresql), replica (postgresql): 3 new findings (1 error, 1 warning, 1 note), 1 known, "
        "1 ignored%0AFailed: 4 new causes at or above warning.%0A1 diagnostic, 1 stale baseline "
        "line, 1 unused ignore, 3 unrecorded queries"
    )


def test_a_clean_run_is_one_notice():
    (line,) = render(clean_run())

    assert line == (
        "::notice title=queryaudit::Audited 3 tests, 11 queries on default (sqlite): no findings"
    )


@pytest.mark.parametrize(
    ("severity", "name", "most"),
    [
        (Severity.ERROR, "error", 10),
        (Severity.WARNING, "warning", 10),
        (Severity.NOTE, "notice", 9),
    ],
)
def test_no_more_of_a_kind_than_github_shows_and_the_rest_is_counted(severity, name, most):
    report = many(30)
    findings = tuple(replace(finding, severity=severity) for finding in report.findings)

    lines = render(replace(report, findings=findings))

    assert sum(line.startswith(f"::{name} file=") for line in lines) == most
    assert len(lines) == most + 1
    assert f"%0A{30 - most} further findings without an annotation" in lines[-1]


def test_a_limit_holds_here_too():
    lines = render(many(30), limit=2)

    assert len(lines) == 3
    assert "28 further findings without an annotation" in lines[-1]


def test_a_run_that_audited_nothing_is_an_error():
    lines = render(empty())

    assert lines[0].startswith("::error title=queryaudit::NOTHING WAS AUDITED: no test")
