"""Indexes to add, in the reports that others read: where each is to be written, and why."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from queryaudit.records.advised import AdvisedIndex, Outcome
from queryaudit.records.report import Report
from queryaudit.reports.base import Options
from queryaudit.reports.markdown import MOST_CHARACTERS
from queryaudit.reports.registry import get
from tests.golden.sample import many, sample

MODEL = "shop/models.py"
FIRST, SECOND = sample().indexes


def render(name: str, *indexes: AdvisedIndex, **options: bool) -> str:
    report = replace(sample(), indexes=indexes)
    stream = io.StringIO()
    get(name, Options(**options)).render(report, stream)
    return stream.getvalue()


def sarif(*indexes: AdvisedIndex) -> list[dict]:
    results = json.loads(render("sarif", *indexes))["runs"][0]["results"]
    return results[len(sample().findings) + len(sample().suppressed) :]


def test_sarif_has_a_note_on_the_model_with_the_code_to_write() -> None:
    [told] = sarif(FIRST, SECOND)
    assert (told["ruleId"], told["level"]) == ("QA401", "note")
    place = told["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == MODEL
    assert place["region"]["startLine"] == 12
    assert "57.1 times faster" in told["message"]["text"]
    assert told["properties"] == {"evidence": "proved", "index_code": FIRST.code}


def test_the_rule_is_that_which_told_the_statement() -> None:
    [told] = sarif(replace(FIRST, rule="QA404"))
    assert told["ruleId"] == "QA404"
    assert "ruleIndex" not in told  # the sample does not describe it


def test_a_fingerprint_is_the_same_whatever_was_measured() -> None:
    [told] = sarif(FIRST)
    [again] = sarif(replace(FIRST, bytes=1, build_ns=1, served=FIRST.served * 2, location=None))
    [other] = sarif(replace(FIRST, title="another"))
    assert told["partialFingerprints"] == again["partialFingerprints"]
    assert told["partialFingerprints"] != other["partialFingerprints"]


def test_without_a_model_at_hand_the_place_is_where_the_statement_is_asked() -> None:
    index = replace(FIRST, location=None)
    [told] = sarif(index)
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/stock.py"
    assert "::notice file=shop/stock.py,line=58,title=QA401 index::" in render("github", index)
    [issue] = [i for i in json.loads(render("gitlab", index)) if i["check_name"] == "QA401"]
    assert issue["location"] == {"path": "shop/stock.py", "lines": {"begin": 58, "end": 58}}


def test_an_index_of_statements_that_nobody_placed_is_told_without_a_place() -> None:
    served = (replace(FIRST.served[0], locations=("a log",)),)
    index = replace(FIRST, location=None, served=served)
    assert sarif(index)[0]["locations"] == []
    assert "::notice title=QA401 index::" in render("github", index)
    cases = ElementTree.fromstring(render("junit", index)).iter("testcase")
    [case] = [c for c in cases if " index " in c.attrib["name"]]
    assert case.attrib["classname"] == "shop.Stock"
    assert "file" not in case.attrib


@pytest.mark.parametrize("name", ["sarif", "github", "junit", "gitlab"])
@pytest.mark.parametrize("outcome", [Outcome.REFUTED, Outcome.UNKNOWN, Outcome.IDEA])
def test_what_is_not_recommended_is_nothing_to_annotate(name: str, outcome: Outcome) -> None:
    index = replace(FIRST, outcome=outcome, location=None)
    assert render(name, index) == render(name)


def test_an_index_fails_no_test_suite() -> None:
    root = ElementTree.fromstring(render("junit", FIRST))
    without = ElementTree.fromstring(render("junit"))
    assert int(root.attrib["tests"]) == int(without.attrib["tests"]) + 1
    assert root.attrib["failures"] == without.attrib["failures"]


def test_markdown_has_those_to_add_with_their_code_and_the_others_in_a_line() -> None:
    estimated = replace(FIRST, outcome=Outcome.ESTIMATED)
    text = render("markdown", FIRST, estimated, SECOND)
    assert "### 2 indexes to add: 1 proved by execution, 1 estimated by the planner alone" in text
    assert f"for <code>shop.Stock</code>, <code>{MODEL}:12</code>" in text
    assert text.count('```python\nclass Meta:\n    indexes = [models.Index(fields=["sku"]') == 2
    rest = text.partition("1 further index, not recommended")[2]
    assert "tried, and not recommended, the planner does not use it" in rest


def test_a_quiet_comment_has_no_indexes() -> None:
    assert "to add" not in render("markdown", FIRST, quiet=True)


@pytest.mark.parametrize("report", [many(3_000), sample()])
def test_a_comment_with_many_indexes_is_no_longer_than_forges_accept(report: Report) -> None:
    long = replace(FIRST, code="x = 1\n" * 2_000)
    stream = io.StringIO()
    get("markdown", Options()).render(replace(report, indexes=(long,) * 100), stream)
    assert len(stream.getvalue()) <= MOST_CHARACTERS
    assert "Indexes are left out here" in stream.getvalue()


def test_hostile_names_act_nowhere() -> None:
    hostile = replace(
        FIRST,
        title="<script>|`@team`",
        model="a](b) <img>",
        reason="x\n::error::owned",
        code="```\n</details><script>",
    )
    markdown = render("markdown", hostile)
    assert "<script>|" not in markdown
    assert "<img>" not in markdown
    assert "\n````python\n```" in markdown
    assert "\n::error::owned" not in render("github", hostile)
    assert "](" not in sarif(hostile)[0]["message"]["text"]
    ElementTree.fromstring(render("junit", hostile))
