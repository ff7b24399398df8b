"""A template that only asks rows for their number is told so, once nothing looked at a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.template import Context, Engine

import queryaudit
from queryaudit.records.findings import Finding
from queryaudit.records.rules import Severity
from sample_app.shop.models import Author, Book

pytestmark = pytest.mark.usefixtures("shop")

ENGINE = Engine(dirs=[str(Path(__file__).parent / "templates")])


def render(name: str) -> None:
    books = Book.objects.filter(stock__gte=0)
    author = Author.objects.filter(books__isnull=False).order_by("pk")[0]
    values = {"books": books, "book_list": books, "author": author, "booksellers": "a word"}
    ENGINE.get_template(f"numbers/{name}.html").render(Context(values))


def found(*names: str) -> list[Finding]:
    with queryaudit.audit() as audited:
        for name in names:
            render(name)
    return [finding for finding in audited.findings if "QA204" in finding.rules]


FOUND = {
    "any_only": "{% if books.exists %}",
    "none_only": "{% if not books.exists %}",
    "length_only": "{{ books.count }}",
    "length_and_plural": "{{ books.count }}",
    "length_compared": "{% if books.count > 1 %}",
    "of_a_relation": "{% if author.books.exists %}",
    "with_another_word": "{% if books.exists %}",
}


@pytest.mark.parametrize("name", FOUND)
def test_a_number_of_rows_that_are_not_looked_at_is_found(name: str) -> None:
    [finding] = found(name)
    assert finding.severity is Severity.NOTE
    assert finding.location.path == f"tests/rules/templates/numbers/{name}.html"
    assert finding.fix is not None
    assert finding.fix.code == FOUND[name]


@pytest.mark.parametrize(
    "name",
    [
        *("looped", "length_and_loop", "loop_not_reached", "first_of_them", "included"),
        *("by_another_name", "handed_on", "child", "asked_the_database"),
    ],
)
def test_rows_that_may_be_shown_are_not(name: str) -> None:
    assert found(name) == []


def test_one_page_that_shows_the_rows_speaks_for_all() -> None:
    assert found("base") != []
    assert found("base", "child") == []
    assert found("child", "base") == []


def test_nothing_stays_with_a_queryset_that_was_used() -> None:
    books = Book.objects.all()
    with queryaudit.audit():
        assert books
        assert len(books) > 1
        titles = [book.title for book in books]
    assert titles
    assert not [name for name in vars(books) if "queryaudit" in name]
