"""QA505: rows of joined tables are locked along."""

from __future__ import annotations

from django.db import transaction

from sample_app.shop.models import Book


def _first(**options: object) -> Book:
    return Book.objects.select_related("author").select_for_update(**options).earliest("pk")


def bad() -> int:
    """The author is locked with the book."""
    with transaction.atomic():
        book = Book.objects.select_related("author").select_for_update().earliest("pk")
        return Book.objects.filter(pk=book.pk).update(stock=1)


def bad_filtered() -> int:
    """The filter joins, and the lock follows it."""
    with transaction.atomic():
        books = Book.objects.filter(publisher__name__gt="").select_for_update().order_by("pk")
        return Book.objects.filter(pk=books[0].pk).update(stock=1)


def good() -> int:
    """The book alone."""
    with transaction.atomic():
        return Book.objects.filter(pk=_first(of=("self",)).pk).update(stock=1)


def good_both_meant() -> int:
    """Said to be meant."""
    with transaction.atomic():
        return Book.objects.filter(pk=_first(of=("self", "author")).pk).update(stock=1)


def good_both_written() -> None:
    """Both are written."""
    with transaction.atomic():
        book = Book.objects.select_related("author").select_for_update().earliest("pk")
        type(book.author).objects.filter(pk=book.author_id).update(name="B.")


def good_no_join() -> int:
    """One table."""
    with transaction.atomic():
        book = Book.objects.select_for_update().earliest("pk")
        return Book.objects.filter(pk=book.pk).update(stock=1)


def good_not_locked() -> str:
    """Joined and read."""
    with transaction.atomic():
        return Book.objects.select_related("author").earliest("pk").author.name
