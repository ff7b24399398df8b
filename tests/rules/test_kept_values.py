"""QA211 knows a column of all rows that is kept in a list, to compute numbers of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import Avg, Count, F, Sum

import queryaudit
from sample_app.shop.models import Book

pytestmark = pytest.mark.usefixtures("shop")
NAMES = {"Avg": Avg, "Count": Count, "F": F, "Sum": Sum, "Book": Book}


def mean() -> float:
    stocks = [book.stock for book in Book.objects.filter(stock__gte=0)]
    return sum(stocks) / len(stocks)


def mean_or_nothing() -> float | None:
    pages = [book.pages for book in Book.objects.all()]
    if not pages:
        return None
    return sum(pages) / len(pages) if pages else None


def several() -> dict[str, int]:
    stocks = [book.stock for book in Book.objects.all()]
    return {"total": sum(stocks), "number": len(stocks)}


def total() -> int:
    worth = [book.stock * book.pages for book in Book.objects.all()]
    return sum(worth)


FOUND = [
    (mean, 'Book.objects.filter(stock__gte=0).aggregate(value=Avg("stock"))["value"]'),
    (mean_or_nothing, 'Book.objects.aggregate(value=Avg("pages"))["value"]'),
    (several, 'Book.objects.aggregate(total=Sum("stock"), number=Count("pk"))'),
    (total, 'Book.objects.aggregate(value=Sum(F("stock") * F("pages")))["value"]'),
]


@pytest.mark.parametrize(("run", "code"), FOUND, ids=lambda value: getattr(value, "__name__", ""))
def test_numbers_of_a_list_are_the_databases(run: Callable[[], object], code: str) -> None:
    with queryaudit.audit() as audited:
        expected = run()
    [finding] = [f for f in audited.findings if "QA211" in f.rules]
    assert finding.fix is not None
    assert finding.fix.code.splitlines()[-1] == code
    assert eval(code, NAMES) == (
        pytest.approx(expected) if run in (mean, mean_or_nothing) else expected
    )


def shown_too() -> tuple[int, list[int]]:
    stocks = [book.stock for book in Book.objects.all()]
    return sum(stocks), stocks


def above_the_mean() -> list[int]:
    stocks = [book.stock for book in Book.objects.all()]
    return [stock for stock in stocks if stock > sum(stocks) / len(stocks)]


def counted_alone() -> int:
    stocks = [book.stock for book in Book.objects.all()]
    return len(stocks)


def given_again() -> int:
    stocks = [book.stock for book in Book.objects.all()]
    stocks = [stock for stock in stocks if stock]
    return sum(stocks)


def of_a_property() -> int:
    lengths = [len(book.get_absolute_url()) for book in Book.objects.all()]
    return sum(lengths)


def with_a_start() -> int:
    stocks = [book.stock for book in Book.objects.all()]
    return sum(stocks, 5) + max(stocks, default=0)


def of_a_streamed_list() -> int:
    stocks = [book.stock for book in Book.objects.iterator(chunk_size=2)]
    stocks.sort()
    return sum(stocks)


SILENT = [
    shown_too,
    above_the_mean,
    counted_alone,
    given_again,
    of_a_property,
    with_a_start,
    of_a_streamed_list,
]


@pytest.mark.parametrize("run", SILENT, ids=lambda run: run.__name__)
def test_a_list_that_serves_more_is_left_alone(run: Callable[[], object]) -> None:
    with queryaudit.audit() as audited:
        run()
    assert [f for f in audited.findings if "QA211" in f.rules] == []
