"""GitLab Code Quality: what the format asks for, and nothing that reads as mended."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from queryaudit.reports.gitlab import GitlabReporter
from tests.golden.sample import clean_run, empty, many, sample


def render(report):
    stream = io.StringIO()
    GitlabReporter().render(report, stream)
    return json.loads(stream.getvalue())


def test_each_finding_has_what_gitlab_requires():
    for issue in render(sample()):
        assert issue["description"]
        assert issue["check_name"]
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(issue["location"]["lines"]["begin"], int)
        assert not issue["location"]["path"].startswith(("/", "./"))


def test_a_finding_is_described_with_its_cost_at_the_place_to_edit():
    issue = render(sample())[0]

    assert issue["description"] == (
        "lazy-relation-in-loop: Each shop.Book loads author, author.publisher and reviews with "
        "its own query. (360 queries, 192 ms)"
    )
    assert (issue["check_name"], issue["severity"]) == ("QA101", "major")
    assert issue["location"] == {"path": "shop/views.py", "lines": {"begin": 31, "end": 31}}


def test_known_findings_are_in_it_because_branches_are_compared_and_ignored_ones_are_not():
    assert [issue["fingerprint"] for issue in render(replace(sample(), indexes=()))] == [
        "f-books-5c2d91aa",
        "f-stock-88d0f3b1",
        "f-export-20cc",
        "f-test-4410",
    ]


def test_fingerprints_are_unique():
    prints = [issue["fingerprint"] for issue in render(many(500))]

    assert len(set(prints)) == 500


def test_a_clean_run_is_an_empty_list():
    assert render(clean_run()) == []


def test_a_run_that_audited_nothing_is_not_an_empty_list():
    (issue,) = render(empty())

    assert (issue["check_name"], issue["severity"]) == ("nothing-audited", "major")
