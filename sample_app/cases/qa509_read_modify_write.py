"""QA509: a number is read, changed in Python and written back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from sample_app.shop.models import Book, Order, Tag


def bad() -> None:
    """Two who buy at once both subtract from the same number."""
    book = Book.objects.earliest("pk")
    book.stock -= 1
    book.save(update_fields=["stock"])


def bad_in_a_transaction() -> None:
    """A transaction does not keep others from reading."""
    with transaction.atomic():
        book = Book.objects.earliest("pk")
        book.stock = book.stock + 1
        book.save(update_fields=["stock"])


def good() -> None:
    """The database computes."""
    pk = Book.objects.values_list("pk", flat=True).earliest("pk")
    Book.objects.filter(pk=pk).update(stock=F("stock") - 1)


def good_locked() -> None:
    """The row is locked before it is read."""
    with transaction.atomic():
        book = Book.objects.select_for_update().earliest("pk")
        book.stock -= 1
        book.save(update_fields=["stock"])


def good_expression() -> None:
    """An expression in the attribute is computed by the database."""
    book = Book.objects.earliest("pk")
    book.stock = F("stock") - 1
    book.save(update_fields=["stock"])


def good_assigned() -> None:
    """What is written does not depend on what was read."""
    order = Order.objects.earliest("pk")
    order.status = Order.Status.PAID
    order.save(update_fields=["status"])


def good_own_row() -> None:
    """Nobody else knows the row."""
    with transaction.atomic():
        tag = Tag.objects.create(name="new")
        tag.name += "er"
        tag.save(update_fields=["name"])


def good_other_column() -> None:
    """The column that is saved is another one."""
    book = Book.objects.earliest("pk")
    book.pages += 1
    book.save(update_fields=["title"])
