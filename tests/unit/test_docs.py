"""The documentation is up to date, and what it names exists."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs.check import broken_code
from docs.commands import wrong_names
from docs.example_rule import RandomOrder
from docs.links import broken_links
from docs.pages import Page, parsed
from queryaudit.registry import validate

ROOT = Path(__file__).parents[2]


def test_the_documentation_is_true_and_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)


def test_the_rule_of_the_page_on_extending_is_a_rule() -> None:
    validate(RandomOrder())


def page(text: str) -> Page:
    return parsed("docs/page.md", text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("`queryaudit repot x`", "docs/page.md:1 names the command queryaudit repot, which"),
        ("```sh\nqueryaudit report x --fast\n```", "the flag --fast of queryaudit report, which"),
        ("`--queryaudit-outptu=x`", "names the pytest flag --queryaudit-outptu, which"),
        ("`QUERYAUDIT_OUTPTU`", "names the variable QUERYAUDIT_OUTPTU, which"),
        ("```sh\nmake dmeo\n```", "docs/page.md:2 names make dmeo, which"),
    ],
)
def test_a_name_that_nothing_answers_to_is_told(text: str, problem: str) -> None:
    (found,) = wrong_names(page(text))
    assert problem in found
    assert found.endswith("does not exist.")


@pytest.mark.parametrize(
    "text",
    [
        "queryaudit audits a project",
        "`queryaudit report traces --output=a.html -q` and `queryaudit rule QA101`",
        "`--queryaudit`, `--queryaudit-fail-on=error`, `--queryaudit-no-strict`",
        "`QUERYAUDIT_FAIL_ON`, `QUERYAUDIT = {}`",
        "```python\nfrom queryaudit import audit\n```",
        "```sh\nmake demo\n```",
    ],
)
def test_names_that_exist_are_passed_over(text: str) -> None:
    assert list(wrong_names(page(text))) == []


def test_a_link_to_nothing_is_told() -> None:
    there = page("# A heading\n[here](#a-heading), [there](../README.md), [web](https://a.example)")
    assert list(broken_links(ROOT, [there])) == []
    gone = page("a\n[gone](gone.md) and `[code](no.md)`\n[no such](#heading)")
    assert list(broken_links(ROOT, [gone])) == [
        "docs/page.md:2 links to gone.md, which does not exist.",
        "docs/page.md:3 links to #heading, but no heading there is #heading.",
    ]


def test_python_that_does_not_parse_is_told() -> None:
    (found,) = broken_code(page("text\n\n```python\nx = 1\ny = = 2\n```"))
    assert found.startswith("docs/page.md:5 shows Python that does not parse:")
