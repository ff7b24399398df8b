"""QA106: a column that ``only`` or ``defer`` left out, read on row after row."""

from __future__ import annotations

import django
from django.db import models
from django.db.models import Prefetch

from sample_app.shop.models import Author, Book, Order, Review


def bad() -> list[str]:
    """The price was left out, so each row is read again for it."""
    labels = []
    for book in Book.objects.only("title"):
        labels.append(f"{book.title}: {book.price}")
    return labels


def good() -> list[str]:
    """What the loop reads is what the query asks for."""
    labels = []
    for book in Book.objects.only("title", "price"):
        labels.append(f"{book.title}: {book.price}")
    return labels


def bad_defer() -> list[int]:
    """The description was put off, and then read on every row."""
    return [len(book.description) for book in Book.objects.defer("description")]


def bad_defer_one_of_two() -> list[int]:
    """One of the two that were put off is read."""
    books = Book.objects.defer("description", "metadata").order_by("pk")
    return [len(book.description) for book in books]


def bad_two_fields() -> list[tuple[object, int]]:
    """Two columns left out are two queries a row."""
    return [(book.price, book.pages) for book in Book.objects.only("title")]


def bad_foreign_key_column() -> list[int]:
    """The key of the author is a column too."""
    return [book.author_id for book in Book.objects.only("title")]


def bad_behind_join() -> list[str]:
    """The joined author lacks the name."""
    books = Book.objects.select_related("author").only("title", "author__born")
    return [book.author.name for book in books]


def bad_in_prefetch() -> list[int]:
    """The prefetched books lack the pages."""
    authors = Author.objects.prefetch_related(Prefetch("books", Book.objects.only("author")))
    return [book.pages for author in authors for book in author.books.all()]


def bad_defer_in_prefetch() -> list[int]:
    """The prefetched books put off the pages."""
    books = Book.objects.defer("pages", "metadata")
    authors = Author.objects.prefetch_related(Prefetch("books", books))
    return [book.pages for author in authors for book in author.books.all()]


def bad_access_in_function() -> list[str]:
    """The loop is here, the column is read in a function that it calls."""
    return [_excerpt(review) for review in Review.objects.only("rating")]


def _excerpt(review: Review) -> str:
    return review.text[:20]


def good_never_read() -> list[str]:
    """Left out and not needed: what ``defer`` is for."""
    return [book.title for book in Book.objects.defer("description", "metadata")]


def good_one_row() -> str:
    """A detail page loads the long text of its one book."""
    book = Book.objects.defer("description").first()
    return book.description


def good_one_of_many_rows() -> str:
    """All are listed, the one that is open is read in full."""
    books = list(Book.objects.only("title"))
    return f"{[book.title for book in books]} {books[0].description}"


def good_rare_branch() -> list[str]:
    """The row with the highest price, and no other, needs the text."""
    books = Book.objects.defer("description")
    dearest = max(books, key=lambda book: (book.price, book.pk))
    return [book.description if book == dearest else book.title for book in books]


def good_read_twice() -> int:
    """Once loaded, the column stays."""
    book = Book.objects.defer("description").first()
    return len(book.description) + len(book.description)


def good_values() -> list[dict[str, object]]:
    """Rows as dictionaries leave nothing out."""
    return list(Book.objects.values("title", "price"))


def good_values_list() -> list[str]:
    """One column."""
    return list(Book.objects.values_list("title", flat=True))


def good_named_rows() -> list[str]:
    """Named tuples."""
    return [row.title for row in Book.objects.values_list("title", "price", named=True)]


def good_behind_join() -> list[str]:
    """``only`` names the column of the joined row."""
    books = Book.objects.select_related("author").only("title", "author__name")
    return [book.author.name for book in books]


def good_in_prefetch() -> list[int]:
    """The prefetch loads the key that it joins by, and what is read."""
    books = Book.objects.only("author", "pages")
    authors = Author.objects.prefetch_related(Prefetch("books", books))
    return [book.pages for author in authors for book in author.books.all()]


def good_fetch_peers() -> list[object]:
    """The first access loads the column for all rows at once (Django 6.1 or later)."""
    if django.VERSION < (6, 1):
        return [book.price for book in Book.objects.only("title", "price")]
    return [book.price for book in Book.objects.only("title").fetch_mode(models.FETCH_PEERS)]


def good_asked_what_is_deferred() -> list[set[str]]:
    """To ask which columns are missing does not load them."""
    return [book.get_deferred_fields() for book in Book.objects.only("title")]


def good_primary_key() -> list[int]:
    """The primary key is always there."""
    return [order.pk for order in Order.objects.only("status")]


def good_loaded_on_purpose() -> str:
    """One row, brought up to date in one column."""
    book = Book.objects.only("title").first()
    book.refresh_from_db(fields=["description"])
    return book.description


def good_two_rows_of_two_queries() -> list[str]:
    """Two queries that return one row each, at two places."""
    first = Book.objects.defer("description").order_by("pk").first()
    last = Book.objects.defer("description").order_by("-pk").first()
    return [first.description, last.description]
