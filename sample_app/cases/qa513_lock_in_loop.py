"""QA513: rows are locked one by one."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from sample_app.shop.models import Book


def _keys() -> list[int]:
    return list(Book.objects.order_by("pk").values_list("pk", flat=True)[:4])


def bad() -> list[str]:
    """A query for each book, each waiting with the earlier ones locked."""
    titles = []
    with transaction.atomic():
        for key in _keys():
            titles.append(Book.objects.select_for_update().get(pk=key).title)
    return titles


def bad_in_function() -> list[str]:
    """The loop is a function further out."""
    with transaction.atomic():
        return [_locked(key).title for key in _keys()]


def _locked(key: int) -> Book:
    return Book.objects.select_for_update().get(pk=key)


def good() -> list[str]:
    """One query, in order."""
    keys = _keys()
    with transaction.atomic():
        # in_bulk() leaves out the order before Django 5.
        locked = Book.objects.select_for_update().filter(pk__in=keys).order_by("pk")
        books = {book.pk: book for book in locked}
        return [books[key].title for key in keys]


def good_a_transaction_each() -> list[str]:
    """Each is released before the next is asked for."""
    titles = []
    for key in _keys():
        with transaction.atomic():
            titles.append(Book.objects.select_for_update().get(pk=key).title)
    return titles


def good_once() -> str:
    """One row."""
    with transaction.atomic():
        return Book.objects.select_for_update().get(pk=_keys()[0]).title


def good_skip_locked() -> int:
    """Waits for nobody."""
    found = 0
    with transaction.atomic():
        for key in _keys():
            found += len(Book.objects.select_for_update(skip_locked=True).filter(pk=key))
    return found


def good_literal() -> list[str]:
    """Two rows, one after the other, and no loop."""
    first, second, *_ = _keys()
    with transaction.atomic():
        books = [Book.objects.select_for_update().get(pk=first)]
        books += [Book.objects.select_for_update().get(pk=second)]
    return [book.title for book in books]


def good_sets() -> int:
    """All rows that a condition names, in each round: one of them by chance."""
    titles = list(Book.objects.order_by("pk").values_list("title", flat=True)[:4])
    found = 0
    with transaction.atomic():
        for title in titles:
            found += len(Book.objects.select_for_update().filter(title=title).order_by("pk"))
    return found


def good_either() -> int:
    """A row and those that refer to it: there is none."""
    found = 0
    with transaction.atomic():
        for key in _keys():
            either = Book.objects.filter(Q(pk=key) | Q(pages=100_000 + key)).order_by("pk")
            found += len(either.select_for_update())
    return found
