"""QA211: rows that are loaded for one number."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import F, Sum

from sample_app.shop.models import Book


def bad() -> int:
    """Every book is made into an object to add up one column."""
    return sum(book.stock for book in Book.objects.all())


def good() -> int:
    """The database sends the sum."""
    return Book.objects.aggregate(value=Sum("stock"))["value"]


def bad_product() -> int:
    """A product of two columns is no harder."""
    return sum(book.stock * book.pages for book in Book.objects.all())


def good_product() -> int:
    """The database multiplies."""
    return Book.objects.aggregate(value=Sum(F("stock") * F("pages")))["value"]


def bad_loop() -> int:
    """The same, written as a loop."""
    total = 0
    for book in Book.objects.all():
        total += book.stock
    return total


def bad_greatest() -> int:
    """All rows, to find the greatest number."""
    books = Book.objects.filter(stock__gte=0)
    return max(book.pages for book in books)


def good_used_otherwise() -> tuple[int, list[str]]:
    """The rows are shown as well."""
    books = Book.objects.all()
    return sum(book.stock for book in books), [book.title for book in books]


def good_loop_that_does_more() -> tuple[int, list[str]]:
    """The loop adds up on its way."""
    total, titles = 0, []
    for book in Book.objects.all():
        total += book.stock
        titles.append(book.title)
    return total, titles


def good_method() -> int:
    """The database does not know the address."""
    return sum(len(book.get_absolute_url()) for book in Book.objects.all())


def good_three_cheapest() -> int:
    """Of three rows."""
    return sum(book.stock for book in Book.objects.order_by("price", "pk")[:3])


def bad_values() -> int:
    """No objects, but one value of every row all the same."""
    return sum(Book.objects.values_list("stock", flat=True))


def bad_greatest_value() -> int:
    """Of some of them."""
    pages = Book.objects.filter(stock__gte=0).values_list("pages", flat=True)
    return max(pages, default=0)


def good_different_values() -> int:
    """Each value counts once, which is not the sum of a column."""
    return sum(Book.objects.values_list("stock", flat=True).distinct())


def good_different_rows() -> int:
    """The same, written the other way round."""
    return sum(Book.objects.order_by().distinct().values_list("stock", flat=True))


def good_values_used_otherwise() -> tuple[int, list[int]]:
    """The values are shown as well."""
    stocks = list(Book.objects.values_list("stock", flat=True))
    return sum(stocks), sorted(stocks)


def good_some_values() -> int:
    """Of three rows."""
    return sum(Book.objects.order_by("price", "pk").values_list("stock", flat=True)[:3])


def good_values_of_an_annotation() -> int:
    """No column of the rows."""
    totals = Book.objects.order_by().values("author_id").annotate(value=Sum("stock"))
    return max(totals.values_list("value", flat=True))


def bad_by_author() -> dict[int, int]:
    """A number for each author."""
    totals: dict[int, int] = defaultdict(int)
    for book in Book.objects.all():
        totals[book.author_id] += book.stock
    return totals


def good_by_author() -> dict[int, int]:
    """The database groups."""
    totals = Book.objects.order_by().values("author_id").annotate(value=Sum("stock"))
    return {row["author_id"]: row["value"] for row in totals}


def good_by_word() -> dict[str, int]:
    """Words are nothing that the database can group by."""
    totals: dict[str, int] = defaultdict(int)
    for book in Book.objects.all():
        totals[book.get_absolute_url()[:2]] += book.stock
    return totals
