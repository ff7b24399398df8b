"""QA205: rows are counted by the database and loaded as well."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.core.paginator import Paginator
from django.db import connection
from django.template import Context, Engine

from sample_app.shop.models import Book, Order, OrderLine, Review, Tag

TOO_MANY = 1000


def bad() -> tuple[int, list[str]]:
    """The number is asked for, and then the rows."""
    books = Book.objects.filter(stock__gte=0)
    number = books.count()
    return number, [book.title for book in books]


def good() -> tuple[int, list[str]]:
    """The rows know their number."""
    books = list(Book.objects.filter(stock__gte=0))
    return len(books), [book.title for book in books]


def bad_afterwards() -> str:
    """The rows were there."""
    tags = list(Tag.objects.all())
    return f"{Tag.objects.count()} tags: {', '.join(tag.name for tag in tags)}"


def bad_related() -> tuple[int, list[int]]:
    """A related manager asks each time."""
    order = Order.objects.filter(lines__isnull=False).order_by("pk")[0]
    return order.lines.count(), [line.quantity for line in order.lines.all()]


def bad_values() -> tuple[int, list[str]]:
    """Values are rows as well."""
    books = Book.objects.filter(price__gt=0)
    return books.count(), list(books.values_list("title", flat=True))


def good_evaluated() -> tuple[int, list[str]]:
    """A queryset that was evaluated counts what it has."""
    books = Book.objects.filter(stock__gte=0)
    titles = [book.title for book in books]
    return books.count(), titles


def good_paginator() -> tuple[int, list[str]]:
    """A page needs the number of all and the rows of one."""
    page = Paginator(Book.objects.order_by("pk"), 2).get_page(1)
    return page.paginator.count, [book.title for book in page]


def good_slice() -> tuple[int, list[str]]:
    """So do the first few of many."""
    books = Book.objects.order_by("pk")
    return books.count(), [book.title for book in books[:3]]


def good_other_condition() -> tuple[int, list[str]]:
    """All are counted, some are loaded."""
    return Book.objects.count(), [book.title for book in Book.objects.filter(stock__gt=1)]


def good_other_values() -> tuple[int, list[str]]:
    """The same condition with another value."""
    number = Book.objects.filter(stock__gte=1).count()
    return number, [book.title for book in Book.objects.filter(stock__gte=0)]


def good_guard() -> list[str]:
    """Too many would not be loaded at all."""
    books = Book.objects.filter(stock__gte=0)
    if books.count() > TOO_MANY:
        return []
    return [book.title for book in books]


def good_stream() -> tuple[int, int]:
    """Rows that come in chunks are never all there, and their number is wanted first."""
    lines = OrderLine.objects.order_by("pk")
    return lines.count(), sum(line.quantity for line in lines.iterator(chunk_size=100))


def good_template() -> str:
    """``length`` loads the rows, and the loop uses them."""
    text = "{{ reviews|length }}{% for review in reviews %}{{ review.rating }}{% endfor %}"
    return Engine().from_string(text).render(Context({"reviews": Review.objects.all()}))


def good_number_alone() -> list[object]:
    """A number of another table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shop_publisher")
        return [*cursor.fetchone(), [tag.name for tag in Tag.objects.all()]]


def good_distinct() -> tuple[int, int]:
    """The number of different values is another one."""
    stocks = Book.objects.values_list("stock", flat=True)
    return stocks.distinct().count(), len(list(stocks))


def bad_exists() -> list[str]:
    """Whether there are any is known as soon as they are loaded."""
    books = Book.objects.filter(stock__gte=0)
    if not books.exists():
        return []
    return [book.title for book in books]


def bad_async_count() -> list[str]:
    """A coroutine waits for the number, and then for the rows."""
    return async_to_sync(_numbered)()


async def _numbered() -> list[str]:
    books = Book.objects.filter(stock__gte=0)
    number = await books.acount()
    return [f"{book.author.name}: 1 of {number}" async for book in books.select_related("author")]


def bad_async_exists() -> list[str]:
    """A coroutine asks whether there are any, and then for all."""
    return async_to_sync(_any)()


async def _any() -> list[str]:
    books = Book.objects.filter(stock__gte=0)
    if not await books.aexists():
        return []
    return [book.title async for book in books]


def good_async() -> list[str]:
    """The list knows its number."""
    return async_to_sync(_listed)()


async def _listed() -> list[str]:
    books = [book async for book in Book.objects.filter(stock__gte=0)]
    return [f"{book.title}: 1 of {len(books)}" for book in books]


def bad_joined() -> list[str]:
    """The rows are loaded with their authors, in their order; there are as many."""
    books = Book.objects.filter(stock__gte=0)
    number = books.count()
    rows = books.select_related("author").order_by("author__name", "pk")
    return [f"{book.author.name}: 1 of {number}" for book in rows]


def bad_length() -> list[str]:
    """All are loaded for their number, and again with their authors."""
    books = Book.objects.filter(stock__gte=0)
    number = len(books)
    return [f"{book.author.name}: 1 of {number}" for book in books.select_related("author")]


def good_joined_condition() -> list[str]:
    """Some of them are loaded: the condition names what is joined."""
    number = Book.objects.filter(stock__gte=0).count()
    books = Book.objects.filter(stock__gte=0, author__born__gt=0).select_related("author")
    return [f"{book.author.name}: 1 of {number}" for book in books]


def good_joined_many() -> tuple[int, list[str]]:
    """Orders are counted, and loaded once for each of their lines."""
    orders = Order.objects.filter(placed_at__isnull=False)
    return orders.count(), [str(number) for number in orders.values_list("lines__quantity")]


def bad_template() -> str:
    """The tag asks, and then the loop."""
    text = "{% if reviews.exists %}{% for r in reviews %}{{ r.rating }}{% endfor %}{% endif %}"
    return Engine().from_string(text).render(Context({"reviews": Review.objects.all()}))


def good_exists() -> list[str]:
    """The rows are asked, which are there."""
    books = Book.objects.filter(stock__gte=0)
    if not books:
        return []
    return [book.title for book in books]


def good_exists_of_others() -> list[str]:
    """Some are sold out, and all are shown."""
    if not Book.objects.filter(stock=0).exists():
        return ["none is sold out"]
    return [book.title for book in Book.objects.filter(stock__gte=0)]


def good_exists_before_a_stream() -> int:
    """Rows that come in chunks can't be asked."""
    lines = OrderLine.objects.order_by("pk")
    if not lines.exists():
        return 0
    return sum(line.quantity for line in lines.iterator(chunk_size=100))


def good_exists_before_a_few() -> list[str]:
    """No more than three are loaded."""
    books = Book.objects.order_by("pk")
    return [book.title for book in books[:3]] if books.exists() else []


def good_exists_in_a_helper() -> list[str]:
    """Who asks is not who loads."""
    return [book.title for book in Book.objects.filter(stock__gte=0)] if _any_in_stock() else []


def _any_in_stock() -> bool:
    return Book.objects.filter(stock__gte=0).exists()
