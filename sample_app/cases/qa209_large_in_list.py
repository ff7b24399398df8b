"""QA209: long lists of values. The cases are judged with five values at most."""

from __future__ import annotations

from django.db import connection

from sample_app.shop.models import Book, Order, OrderLine, Review

#: The option under which these cases are judged.
OPTIONS = {"max_in_list": 5, "ignore": ["QA204"]}


def bad() -> int:
    """The keys go to Python and back."""
    keys = list(Book.objects.filter(stock__gte=0).values_list("pk", flat=True))
    return len(OrderLine.objects.filter(book_id__in=keys))


def good() -> int:
    """A queryset is a subquery."""
    return len(OrderLine.objects.filter(book__in=Book.objects.filter(stock__gte=0)))


def bad_excluded() -> int:
    """``exclude`` lists them too."""
    keys = list(Book.objects.values_list("pk", flat=True)[:7])
    return Review.objects.exclude(book_id__in=keys).count()


def bad_raw() -> list[object]:
    """A list that was put together by hand."""
    keys = list(Book.objects.values_list("pk", flat=True)[:6])
    marks = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT title FROM shop_book WHERE id IN ({marks})", keys)
        return cursor.fetchall()


def good_few() -> int:
    """As many as are allowed."""
    keys = list(Book.objects.values_list("pk", flat=True)[:5])
    return len(OrderLine.objects.filter(book_id__in=keys))


def good_in_bulk() -> int:
    """``in_bulk`` is made for it, and divides what a database can't take."""
    keys = list(Book.objects.values_list("pk", flat=True)[:8])
    return len(Book.objects.in_bulk(keys))


def good_prefetch() -> int:
    """A prefetch lists the keys of its rows."""
    return sum(len(order.lines.all()) for order in Order.objects.prefetch_related("lines"))


def good_batches() -> int:
    """A loop goes through the keys in batches."""
    keys = list(Book.objects.values_list("pk", flat=True)[:8])
    found = 0
    for start in range(0, len(keys), 4):
        found += len(OrderLine.objects.filter(book_id__in=keys[start : start + 4]))
    return found


def good_join() -> int:
    """A condition on the other table."""
    return OrderLine.objects.filter(book__stock__gte=0).count()
