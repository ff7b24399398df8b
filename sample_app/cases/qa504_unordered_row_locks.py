"""QA504: several rows locked in whatever order the server finds them."""

from __future__ import annotations

from django.db import transaction

from sample_app.shop.models import Book, Customer


def bad() -> list[str]:
    """The books of an order, locked in no order."""
    with transaction.atomic():
        books = Book.objects.filter(stock__gte=0).order_by().select_for_update()
        return sorted(book.title for book in books)


def bad_all() -> int:
    """All customers, whichever comes first."""
    with transaction.atomic():
        return len(Customer.objects.order_by().select_for_update(no_key=True))


def good() -> list[str]:
    """By the key, as everybody else."""
    with transaction.atomic():
        books = Book.objects.filter(stock__gte=0).order_by("pk").select_for_update()
        return sorted(book.title for book in books)


def good_ordered_by_the_model() -> int:
    """The model's own ordering is an order."""
    with transaction.atomic():
        return len(Book.objects.select_for_update())


def good_one_row() -> str:
    """One row is in order."""
    with transaction.atomic():
        return Book.objects.order_by().select_for_update().filter(stock__gte=0)[:1].get().title


def good_skip_locked() -> int:
    """Who waits for nobody is in nobody's way."""
    with transaction.atomic():
        return len(Book.objects.order_by().select_for_update(skip_locked=True))


def good_behind_a_gate() -> int:
    """Everybody locks the customer first."""
    with transaction.atomic():
        Customer.objects.select_for_update().order_by("pk")[:1].get()
        return len(Book.objects.order_by().select_for_update())


def good_not_locked() -> int:
    """Rows that are only read."""
    with transaction.atomic():
        return len([book.title for book in Book.objects.order_by()])
