"""Edits of a queryset and of where its rows are used, with what they import: done as they stand,
the result is the same, the queries are fewer and the finding is gone."""

from __future__ import annotations

import sys
from textwrap import dedent, indent

import pytest

from queryaudit.records.findings import Applicability
from tests.rules.written_modules import WrittenModule, asked, mended

pytestmark = [
    pytest.mark.usefixtures("shop"),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="needs the columns of Python 3.11"),
]

HEAD = "from sample_app.shop.models import Author, Book\n\n\n"


def module(body: str, head: str = HEAD) -> str:
    return f"{head}def ask():\n{indent(dedent(body).strip(), '    ')}\n"


def lines_of(source: str) -> list[str]:
    return [line.strip() for line in source.splitlines()]


@pytest.mark.parametrize(
    ("rule", "body", "imported", "written"),
    [
        (
            "QA104",
            'return [a.books.count() for a in Author.objects.order_by("pk")]',
            "from django.db.models import Count",
            "return [a.books_count for a in "
            'Author.objects.order_by("pk").annotate(books_count=Count("books"))]',
        ),
        (
            "QA104",
            "return [(a.books.count(), a.books.count() > 3) for a in "
            'Author.objects.order_by("pk")]',
            "from django.db.models import Count",
            "return [(a.books_count, a.books_count > 3) for a in "
            'Author.objects.order_by("pk").annotate(books_count=Count("books"))]',
        ),
        (
            "QA104",
            """
            found = []
            authors = Author.objects.all()
            for author in authors:
                if author.books.exists():
                    found.append(author.name)
            return sorted(found)
            """,
            "from django.db.models import Exists, OuterRef",
            "if author.has_books:",
        ),
        (
            "QA104",
            """
            found = {}
            for author in Author.objects.order_by("pk"):
                found[author.pk] = author.books.filter(stock__gt=10).count() + 1
            return found
            """,
            "from django.db.models import Count, Q",
            "found[author.pk] = author.filtered_books_count + 1",
        ),
        (
            "QA102",
            """
            found = {}
            for author in Author.objects.order_by("pk"):
                found[author.pk] = [b.title for b in author.books.filter(stock=3).order_by("pk")]
            return found
            """,
            "from django.db.models import Prefetch",
            "found[author.pk] = [b.title for b in author.filtered_books]",
        ),
        (
            "QA102",
            """
            found = {}
            for author in Author.objects.order_by("pk"):
                newest = author.books.order_by("-published_on", "pk").first()
                found[author.pk] = newest and newest.title
            return found
            """,
            "from django.db.models import Prefetch",
            "newest = next(iter(author.filtered_books), None)",
        ),
    ],
)
def test_the_queryset_its_use_and_the_import_are_edited(
    rule: str, body: str, imported: str, written: str
) -> None:
    lines = lines_of(mended(module(body), rule))
    assert lines[0] == imported or lines[1] == imported
    assert written in lines


def test_the_name_that_the_file_has_is_used() -> None:
    head = "from django.db import models as orm\n" + HEAD
    lines = lines_of(
        mended(
            module('return [a.books.count() for a in Author.objects.order_by("pk")]', head), "QA104"
        )
    )
    assert lines[0] == "from django.db import models as orm"
    assert lines[1] == HEAD.strip()
    assert any('annotate(books_count=orm.Count("books"))' in line for line in lines)


def test_a_model_is_imported_where_its_neighbours_are() -> None:
    head = "from sample_app.shop.models import Author\n\n\n"
    body = """
    found = {}
    for author in Author.objects.order_by("pk"):
        found[author.pk] = [b.title for b in author.books.filter(stock=3).order_by("pk")]
    return found
    """
    lines = lines_of(mended(module(body, head), "QA102"))
    assert "from sample_app.shop.models import Author, Book" in lines
    assert "from django.db.models import Prefetch" in lines


def test_the_order_of_the_model_is_kept() -> None:
    """What is grouped has none of its own."""
    head = "from sample_app.shop.models import Category\n\n\n"
    lines = lines_of(
        mended(module("return [c.books.count() for c in Category.objects.all()]", head), "QA104")
    )
    assert any('.order_by("name' in line for line in lines)


@pytest.mark.parametrize(
    "source",
    [
        # Whoever else calls the function has rows without the annotation.
        HEAD + "def size(author):\n    return author.books.count()\n\n\n"
        "def ask():\n    return [size(a) for a in Author.objects.all()]\n",
        # The row that has the number is another one than the one that is asked.
        module("return [b.author.books.count() for b in Book.objects.select_related('author')]"),
    ],
)
def test_what_cannot_be_edited_where_it_is_used_is_shown_as_code(source: str) -> None:
    fix = WrittenModule(source).run(asked).of("QA104").fix
    assert fix is not None
    assert fix.edits == ()
    assert fix.applicability is Applicability.DISPLAY_ONLY
    assert "books_count" in fix.code
    assert "Needs `from django.db.models import Count`." in fix.note


def test_the_rest_is_edited_where_one_use_cannot_be() -> None:
    source = (
        HEAD + "def size(author):\n    return author.books.count()\n\n\ndef ask():\n"
        '    return [(a.publisher.name, size(a)) for a in Author.objects.order_by("pk")]\n'
    )
    fix = WrittenModule(source).run(asked).of("QA101").fix
    assert fix is not None
    assert fix.applicability is Applicability.UNSAFE
    [edit] = fix.edits
    assert 'order_by("pk").select_related("publisher")]' in edit.after[0]
    assert "books_count" in fix.code


def test_a_queryset_that_is_combined_gets_no_columns_of_its_own() -> None:
    body = """
    first = Book.objects.filter(stock__gt=5)
    return sorted(book.author.name for book in first.union(Book.objects.filter(stock=3)))
    """
    fix = WrittenModule(module(body)).run(asked).of("QA101").fix
    assert fix is not None
    assert fix.edits == ()
    assert fix.applicability is Applicability.DISPLAY_ONLY
    assert fix.code == '.select_related("author")'
