"""JUnit XML: well-formed whatever a report holds, and counted right."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from queryaudit.reports.junit import JunitReporter
from tests.golden.sample import clean_run, empty, sample, with_texts


def render(report) -> ET.Element:
    stream = io.StringIO()
    JunitReporter().render(report, stream)
    return ET.fromstring(stream.getvalue().encode())


def cases(root: ET.Element) -> list[tuple[str, list[str]]]:
    return [(case.get("classname"), [e.tag for e in case]) for case in root.iter("testcase")]


def test_what_the_gate_counts_fails_and_what_is_accepted_is_skipped():
    assert cases(render(sample())) == [
        ("queryaudit", []),
        ("shop/views.py", ["failure"]),
        ("shop/stock.py", ["failure"]),
        ("shop/export.py", ["skipped", "system-out"]),
        ("tests/test_orders.py", ["system-out"]),
        ("shop/admin.py", ["skipped"]),
        ("shop/models.py", ["system-out"]),
    ]


@pytest.mark.parametrize("build", [sample, empty, clean_run])
def test_the_counts_are_those_of_the_cases(build):
    root = render(build())

    for suite in (root, root.find("testsuite")):
        assert int(suite.get("tests")) == len(list(root.iter("testcase")))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name)) == len(list(root.iter(tag))), name


def test_a_case_keeps_its_name_while_lines_move():
    report = sample()
    finding = report.findings[0]
    moved = replace(finding, location=replace(finding.location, line=99))

    names = [
        render(replace(report, findings=(each,))).findall(".//testcase")[1].get("name")
        for each in (finding, moved)
    ]

    assert names == ["QA101 lazy-relation-in-loop in BookList.get (f-books-5c2d91aa)"] * 2


def test_a_failure_says_what_where_and_how_to_mend_it():
    failure = render(sample()).find(".//failure")

    assert failure.get("type") == "QA101"
    assert failure.get("message").startswith("Each shop.Book loads author")
    assert failure.text.splitlines()[:3] == [
        "shop/views.py:31: Each shop.Book loads author, author.publisher and reviews with its own "
        "query.",
        "360 queries, 192 ms over the whole run",
        "120 \N{MULTIPLICATION SIGN} book.author at shop/views.py:34 in for book in books",
    ]
    assert '  +            .select_related("author__publisher")' in failure.text


def test_without_a_gate_nothing_fails():
    root = render(replace(sample(), gate=None))

    assert root.get("failures") == "0"


def test_a_gate_that_never_fails_fails_no_case():
    report = sample()

    root = render(replace(report, gate=replace(report.gate, fail_on=None, failed=False)))

    assert root.get("failures") == "0"


def test_a_suppression_gives_its_reason():
    (case,) = [c for c in render(sample()).iter("testcase") if c.get("file") == "shop/admin.py"]

    assert case.find("skipped").get("message") == (
        "ignored at shop/admin.py:11: at most three rows, see the admin's page size"
    )


def test_a_run_that_audited_nothing_is_an_error():
    error = render(empty()).find(".//testcase/error")

    assert error.get("message").startswith("NOTHING WAS AUDITED")


def test_no_character_that_xml_forbids_comes_through():
    forbidden = "".join(map(chr, range(32))) + "\ufffe\uffff\ud800\udfff]]><&\"'"

    root = render(with_texts(sample(), lambda text: text + forbidden))

    assert root.find(".//failure").text
