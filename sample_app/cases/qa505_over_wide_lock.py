"""QA505: rows are locked along that nobody writes."""

from __future__ import annotations

from django.db import transaction

from sample_app.shop.models import Author, Book, Order


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


def bad_whole_table() -> None:
    """All are locked to change the one that Python picks."""
    with transaction.atomic():
        books = list(Book.objects.select_for_update().order_by("pk"))
        rarest = min(books, key=lambda book: book.stock)
        rarest.stock += 1
        rarest.save(update_fields=["stock"])


def good_whole_table_written() -> int:
    """All of them are changed."""
    with transaction.atomic():
        books = list(Book.objects.select_for_update().order_by("pk"))
        for book in books:
            book.stock += 1
        return Book.objects.bulk_update(books, ["stock"])


def good_guard() -> int:
    """Rows of one parent are locked to add them up; one is changed."""
    with transaction.atomic():
        author = Author.objects.order_by("pk")[0]
        books = Book.objects.select_for_update().filter(author_id=author.pk).order_by("pk")
        stock = sum(book.stock for book in books)
        return Book.objects.filter(pk=books[0].pk).update(stock=stock)


def good_nothing_written() -> int:
    """They are locked to keep others out meanwhile."""
    with transaction.atomic():
        stock = sum(book.stock for book in Book.objects.select_for_update().order_by("pk"))
        return Order.objects.filter(pk=Order.objects.earliest("pk").pk).update(note=str(stock))


def good_free_ones() -> None:
    """Who finds them locked takes others."""
    with transaction.atomic():
        books = list(Book.objects.select_for_update(skip_locked=True).order_by("pk"))
        Book.objects.filter(pk=books[0].pk).update(stock=1)


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
