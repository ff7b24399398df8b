"""Markdown: fits a comment, and shows hostile text instead of acting on it."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from queryaudit.records.findings import Diagnostic
from queryaudit.reports.base import Options
from queryaudit.reports.markdown import MOST_CHARACTERS, MarkdownReporter
from queryaudit.reports.markdown_text import code, fence, prose
from tests.golden.sample import many, sample, with_texts

ATTACK = (
    "x|y `a` ```` **b** <img src=x onerror=1> </details> @someone @org/team #12 GH-12 "
    "[l](https://evil.example) ![i](x) https://evil.example www.evil.example\n\n# head\n- [ ] i"
)


def render(report, **options) -> str:
    stream = io.StringIO()
    MarkdownReporter(Options(**options)).render(report, stream)
    return stream.getvalue()


def html(markdown: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)


def test_hostile_text_keeps_the_shape_of_the_comment():
    calm = html(render(sample()))
    attacked = html(render(with_texts(sample(), lambda text: text + ATTACK)))

    for tag in ("td", "tr", "h2", "h3", "details", "summary", "table", "img", "a", "h1", "strong"):
        found = [len(re.findall(rf"<{tag}[ >]", text)) for text in (calm, attacked)]
        assert found[0] == found[1], tag


def test_hostile_text_mentions_and_links_nobody():
    outside = re.sub(
        r"(?ms)^(`{3,})\w*\n.*?^\1$", "", render(with_texts(sample(), lambda t: t + ATTACK))
    )

    assert not re.search(r"@\w|(?<!&)#12|GH-12|https?://|www\.", outside)


@pytest.mark.parametrize("number", [0, 1, 30, 3_000])
def test_a_comment_never_outgrows_what_a_forge_accepts(number):
    text = render(many(number))

    assert len(text) <= MOST_CHARACTERS
    assert text.startswith("<!-- queryaudit -->\n")
    assert "\nAudited 12 tests, 34 requests" in text
    assert text.count("<details>") == text.count("</details>")


def test_what_was_left_out_is_counted():
    text = render(many(3_000))

    shown = text.count("\n### ")
    assert 5 < shown < 100
    assert f"_{3_000 - shown:,} further findings left out here" in text
    assert "and 2,950 more" in text


def test_a_finding_too_long_for_a_comment_is_told_in_short():
    finding = sample().findings[0]
    long = replace(finding, causes=finding.causes * 100, message="m" * 50_000)
    diagnostics = (Diagnostic(slug="d", message="x" * 900),) * 200

    text = render(replace(sample(), findings=(long,), diagnostics=diagnostics))

    assert len(text) <= MOST_CHARACTERS
    assert "Audited 12 tests" in text


def test_known_findings_are_folded_and_counted_apart():
    text = render(sample())

    assert "| <code>shop/export.py:77</code> |" not in text
    assert "- <code>shop/export.py:77</code> QA101: known to the baseline" in text


def test_a_quiet_comment_is_the_table_and_the_summary():
    text = render(sample(), quiet=True)

    assert "| 🔴 error | QA101 lazy-relation-in-loop |" in text
    assert "\n### " not in text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("select_related", "select_related"),
        ("__init__", "&#95;&#95;init&#95;&#95;"),
        ("a|b", "a&#124;b"),
        ("<b>&amp;", "&#60;b&#62;&#38;amp;"),
        ("# not a heading", "&#35; not a heading"),
        ("@user", "@\u200buser"),
        ("line\nbreak", "line break"),
    ],
)
def test_prose_is_escaped_where_it_would_act(text, escaped):
    assert prose(text) == escaped
    assert code(text) == f"<code>{escaped}</code>"


def test_a_fence_is_longer_than_any_run_of_backticks_within():
    assert fence(["a ```` b"], "sql") == ["`````sql", "a ```` b", "`````"]
