"""HTML: self-contained, inert whatever a report holds, and complete."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from queryaudit.records.report import Audited
from queryaudit.reports.base import Options
from queryaudit.reports.html import HtmlReporter, prose
from tests.golden.sample import clean_run, empty, many, sample, with_texts

ATTACK = (
    "\"'></script></style></title><script>alert(1)</script><img src=x onerror=alert(1)>"
    "<a href='javascript:alert(1)'>{{ 7*7 }}{% raw %}"
)
VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def render(report, **options) -> str:
    stream = io.StringIO()
    HtmlReporter(Options(**options)).render(report, stream)
    return stream.getvalue()


@pytest.mark.parametrize("build", [sample, empty, clean_run])
def test_the_page_nests_and_every_link_within_it_has_a_target(build):
    page = Page(render(build()))

    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    links = {attrs["href"] for attrs in page.named("a")}
    assert len(ids) == len(set(ids))
    assert links <= {f"#{id_}" for id_ in ids}


def test_nothing_is_fetched_from_anywhere():
    html = render(sample())
    page = Page(html)

    assert not [a for _, a in page.tags if "src" in a or "action" in a or "srcset" in a]
    assert {a["href"] for a in page.named("link")} == {"data:,"}
    assert not re.search(r"https?://|@import|url\(", html)


def test_an_attack_in_every_text_adds_no_element_and_no_handler():
    report = with_texts(sample(), lambda text: text + ATTACK)
    # A section heading must stay one, or the rule's page is empty.
    page = Page(render(replace(report, rules=sample().rules), verbose=True))

    assert len(page.named("script")) == 1
    assert page.named("img") == []
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all((a["href"] or "").startswith("#") for a in page.named("a"))
    assert "{{ 7*7 }}" in "".join(page.text)


def test_only_the_page_s_own_script_may_run():
    html = render(sample())
    script = re.search(r"<script>(.*)</script>", html, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert script
    assert policy

    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1].replace("&#43;", "+")
    assert "default-src 'none'" in policy[1]


def test_the_page_tells_everything_that_the_sample_holds():
    text = " ".join("".join(Page(render(sample())).text).split())

    for part in (
        "3 new findings",
        "Failed: 4 new causes at or above warning.",
        "Each shop.Book loads author, author.publisher and reviews with its own query.",
        "Book.objects.filter(published=True, shelf__code=shelf)",
        '.select_related("author__publisher")',
        "saves 354 queries and 171 ms",
        "author__publisher",
        "Proved",
        "at most three rows, see the admin's page size",
        "shop/imports.py:8",
        "A connection was opened without the audit on it.",
        "QA101 shop/old.py list_books author (fixed or gone)",
        "When it is fine",
        "INNER JOIN",
    ):
        assert part in text


def test_the_guilty_expression_is_marked_by_characters_though_columns_count_bytes():
    html = render(sample())

    assert "<mark>Book.objects.filter(published=True, shelf__code=shelf)</mark>)[1]\n" in html


def test_scopes_and_statements_are_ranked_twice():
    html = render(sample())
    scopes = html[html.index('id="scopes"') : html.index('id="statements"')]

    order = re.findall(r"<code>(GET /books/|POST /cart/|shop\.tasks\.refresh)</code>", scopes)

    assert order == [
        *("GET /books/", "POST /cart/", "shop.tasks.refresh"),
        *("shop.tasks.refresh", "GET /books/", "POST /cart/"),
    ]


def test_notes_and_known_findings_are_folded():
    html = render(sample())

    assert len(re.findall(r"<article[^>]*>\s*<details open>", html)) == 2
    assert len(re.findall(r"<article[^>]*>\s*<details>", html)) == 2


def test_findings_beyond_the_limit_are_counted():
    assert "3 further findings left out by the limit" in render(many(5), limit=2)
    assert "100 further findings left out by the limit" in render(many(600))


def test_shares_never_divide_by_zero():
    report = replace(sample(), audited=Audited(scopes=1))

    assert "0.0%" in render(report)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain & <b>", "plain &amp; &lt;b&gt;"),
        ("call `a()` and ``b[0]``.", "call <code>a()</code> and <code>b[0]</code>."),
        ("`<script>` & `\x1b`", "<code>&lt;script&gt;</code> &amp; <code>\u241b</code>"),
        ("one ` alone", "one ` alone"),
        ("```fence```", "```fence```"),
        ("``", "``"),
        ("{0} `{1}`", "{0} <code>{1}</code>"),
    ],
)
def test_what_stands_in_backticks_is_code_and_all_is_escaped(text, html):
    assert str(prose(text)) == html


def test_messages_notes_and_diagnostics_show_code():
    report = with_texts(sample(), lambda text: f"{text} `x<y`")

    html = render(report)

    finding = sample().findings[0]
    assert f'<span class="message">{finding.message} <code>x&lt;y</code></span>' in html
    assert f'<p class="note">{finding.fix.note} <code>x&lt;y</code></p>' in html
    assert f"{sample().diagnostics[0].message} <code>x&lt;y</code></strong>" in html
