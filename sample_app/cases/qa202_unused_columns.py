"""QA202: columns that are loaded for nothing."""

from __future__ import annotations

import copy

from django.forms.models import model_to_dict

from sample_app.shop.models import Author, Book

OPTIONS = {"deep": True, "select": ["QA202"]}


def bad() -> list[str]:
    """Description and metadata of every book are loaded for a list of titles."""
    return [book.title for book in Book.objects.all()]


def good() -> list[str]:
    """The columns of any length stay where they are."""
    return [book.title for book in Book.objects.defer("description", "metadata")]


def bad_one_wide_column() -> list[tuple[str, object]]:
    """The metadata is used, the description is not."""
    return [(book.title, book.metadata.get("edition")) for book in Book.objects.all()]


def bad_in_helper() -> list[str]:
    """Built in one function, read in another."""
    return [book.title for book in _cheap_books()]


def _cheap_books() -> list[Book]:
    return list(Book.objects.order_by("price"))


def good_values() -> list[str]:
    """Only the titles are asked for."""
    return list(Book.objects.values_list("title", flat=True))


def good_only() -> list[str]:
    """Only the titles are loaded."""
    return [book.title for book in Book.objects.only("title")]


def good_all_read() -> list[tuple[str, object]]:
    """Both wide columns are read."""
    return [(book.description, book.metadata) for book in Book.objects.all()]


def good_read_of_one_row() -> list[str]:
    """One row that is read is enough."""
    books = list(Book.objects.all())
    return [books[0].description, str(books[0].metadata), *(book.title for book in books)]


def good_as_a_whole() -> list[dict[str, object]]:
    """A form reads every field."""
    return [model_to_dict(book) for book in Book.objects.all()]


def good_copied() -> list[Book]:
    """What is copied is read elsewhere."""
    return [copy.copy(book) for book in Book.objects.all()]


def good_one_row() -> str:
    """One row more or less wide is no matter."""
    return Book.objects.order_by("pk")[:1][0].title


def good_narrow_table() -> list[str]:
    """A few short columns."""
    return [author.name for author in Author.objects.all()]


def good_raw() -> list[str]:
    """A statement that somebody wrote out asks for what it says."""
    return [book.title for book in Book.objects.raw("SELECT * FROM shop_book ORDER BY id")]
