"""QA201: everything is loaded at once. The cases are judged with a limit of six rows."""

from __future__ import annotations

from django import forms
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Count
from django.template import Context, Engine

from sample_app.shop.models import Author, Book, Order, OrderLine, Review

#: The option under which these cases are judged: the shop that they see is small.
OPTIONS = {"max_rows": 6}


def bad() -> list[str]:
    """All order lines, as many as there will ever be."""
    return [str(line) for line in OrderLine.objects.all()]


def good() -> list[str]:
    """A chunk at a time."""
    return [str(line) for line in OrderLine.objects.iterator(chunk_size=5)]


def bad_list() -> list[Review]:
    """``list()`` loads them all as well."""
    return list(Review.objects.filter(rating__gte=1))


def bad_values() -> list[object]:
    """Rows that are no objects are rows all the same."""
    return list(OrderLine.objects.values_list("book_id", "quantity"))


def bad_template() -> str:
    """A template evaluates what it is given."""
    text = "{% for line in lines %}{{ line.quantity }}{% endfor %}"
    return Engine().from_string(text).render(Context({"lines": OrderLine.objects.all()}))


def bad_raw() -> int:
    """A raw queryset has no limit of its own."""
    return len(list(OrderLine.objects.raw("SELECT * FROM shop_orderline")))


def bad_cursor() -> int:
    """Nor has a cursor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_orderline")
        return len(cursor.fetchall())


def good_page() -> list[str]:
    """A page of them."""
    page = Paginator(OrderLine.objects.all(), per_page=3).get_page(1)
    return [str(line) for line in page]


def good_slice() -> list[str]:
    """The first few."""
    return [str(line) for line in OrderLine.objects.all()[:5]]


def good_limit_that_somebody_chose() -> int:
    """A large limit is one."""
    return len(OrderLine.objects.all()[:5000])


def good_aggregate() -> dict[str, object]:
    """The database counts."""
    return OrderLine.objects.aggregate(lines=Count("pk"))


def good_groups() -> list[object]:
    """There are as many groups as kinds."""
    return list(Order.objects.order_by().values("status").annotate(Count("pk")))


def good_few_rows() -> list[str]:
    """Below the limit."""
    return [book.title for book in Book.objects.filter(pages__gt=10_000)]


def good_keys() -> int:
    """One row for each key that was asked for."""
    keys = list(OrderLine.objects.values_list("pk", flat=True)[:6])
    return len(OrderLine.objects.in_bulk(keys))


def good_prefetch() -> list[int]:
    """What a prefetch loads follows from the rows that it is for."""
    orders = Order.objects.prefetch_related("lines")[:5]
    return [len(order.lines.all()) for order in orders]


def good_choices() -> str:
    """A form's choices are streamed."""

    class Filter(forms.Form):
        author = forms.ModelChoiceField(Author.objects.all())

    return str(Filter())


def good_chunks_of_cursor() -> int:
    """One row of a statement that stops there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_orderline LIMIT 5")
        return len(cursor.fetchall())
