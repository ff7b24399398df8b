"""QA203: relations that are joined or prefetched for nothing."""

from __future__ import annotations

import copy

from django.db.models import Prefetch

from sample_app.shop.models import Author, Book, Review

OPTIONS = {"deep": True, "select": ["QA203"]}


def bad() -> list[str]:
    """The publisher is joined to every book, and only titles are shown."""
    return [book.title for book in Book.objects.select_related("publisher")]


def good() -> list[str]:
    """Nothing is loaded that is not shown."""
    return [book.title for book in Book.objects.all()]


def bad_prefetch() -> list[str]:
    """The books of each author are loaded, and nobody looks at them."""
    return [author.name for author in Author.objects.prefetch_related("books")]


def bad_many_to_many() -> list[str]:
    """Tags cost two tables more."""
    return [book.title for book in Book.objects.prefetch_related("tags")]


def bad_end_of_a_path() -> list[str]:
    """The author is used, the publisher behind it is not."""
    books = Book.objects.select_related("author__publisher")
    return [book.author.name for book in books]


def bad_whole_path() -> list[str]:
    """Neither the author nor what lies behind is used: one finding."""
    books = Book.objects.select_related("author__publisher")
    return [book.title for book in books]


def bad_key_is_enough() -> list[int]:
    """The key of the author stands in the book itself."""
    return [book.author_id for book in Book.objects.select_related("author")]


def good_used_in_template_of_some_rows() -> list[str]:
    """One row that uses it is enough."""
    books = list(Book.objects.select_related("publisher"))
    return [books[0].publisher.name, *(book.title for book in books)]


def good_used_in_another_call() -> list[str]:
    """The helper that builds the queryset serves two callers, and one of them uses it."""
    return [*_titles(), *_publishers()]


def _books() -> list[Book]:
    return list(Book.objects.select_related("publisher"))


def _titles() -> list[str]:
    return [book.title for book in _books()]


def _publishers() -> list[str]:
    return [book.publisher.name for book in _books()]


def good_prefetch_used() -> list[list[str]]:
    """The prefetched books are shown."""
    authors = Author.objects.prefetch_related("books")
    return [[book.title for book in author.books.all()] for author in authors]


def good_to_attr() -> list[int]:
    """A list of its own can't be watched, so nothing is said of it."""
    reviews = Prefetch("reviews", Review.objects.all(), to_attr="all_reviews")
    return [len(book.all_reviews) for book in Book.objects.prefetch_related(reviews)]


def good_one_row() -> str:
    """One row says nothing about the others."""
    return Book.objects.select_related("publisher").order_by("pk")[:1][0].title


def good_copied() -> list[Book]:
    """What is copied is read elsewhere."""
    return [copy.copy(book) for book in Book.objects.select_related("publisher")]


def good_reverse_one_to_one() -> list[str]:
    """The other side of a one-to-one is followed."""
    authors = Author.objects.filter(profile__isnull=False).select_related("profile")
    return [author.profile.biography for author in authors]


def good_nested_prefetch() -> list[int]:
    """Through the author to all of the author's books."""
    books = Book.objects.select_related("author").prefetch_related("author__books")
    return [len(book.author.books.all()) for book in books]


def good_only_counted() -> int:
    """No row was looked at: other rules speak of that."""
    return len(list(Book.objects.select_related("publisher")))
