"""What a function that is asked twice is advised to do: code only where it can be pasted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils.functional import cached_property
from django.views.generic import ListView

import queryaudit
from queryaudit.records.findings import Finding
from sample_app.shop.models import Author, Book, Order, Review

pytestmark = pytest.mark.usefixtures("shop")
columns = pytest.mark.skipif(sys.version_info < (3, 11), reason="columns came with Python 3.11")


def duplicate(work: Callable[[], object]) -> Finding:
    with queryaudit.audit() as audited:
        work()
    [finding] = [f for f in audited.findings if f.rule == "QA701"]
    assert finding.fix is not None
    return finding


class Shelf:
    def __init__(self, author: Author | None = None) -> None:
        self.author = author

    @property
    def total(self) -> Decimal:
        """What all books cost."""
        prices = Book.objects.values_list("price", flat=True)
        return sum(prices, Decimal(0))

    def newest(self) -> Book | None:
        return (
            Book.objects.filter(stock__gt=0)
            .order_by("-published_on", "-pk")
            .first()
        )  # fmt: skip

    def dearer(self, price: Decimal) -> list[Book]:
        return list(Book.objects.filter(price__gt=price).order_by("pk"))

    def count(self) -> None:
        self.counted = Book.objects.filter(stock__gte=0).count()

    @cached_property
    def best(self) -> list[Review]:
        return list(Review.objects.filter(rating=5).order_by("pk"))


def test_a_property_becomes_a_cached_one() -> None:
    def work() -> None:
        shelf = Shelf()
        assert shelf.total == shelf.total + 0

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code == (
        "from django.utils.functional import cached_property\n"
        "\n"
        "class Shelf:\n"
        "    @cached_property\n"
        "    def total(self) -> Decimal:\n"
        '        """What all books cost."""\n'
        '        prices = Book.objects.values_list("price", flat=True)\n'
        "        return sum(prices, Decimal(0))"
    )
    assert "parentheses" not in fix.note


def test_a_method_that_only_answers_becomes_a_cached_property() -> None:
    def work() -> None:
        shelf = Shelf()
        assert shelf.newest() == shelf.newest()

    fix = duplicate(work).fix
    assert fix is not None
    assert "    @cached_property\n    def newest(self)" in fix.code
    assert '.order_by("-published_on", "-pk")' in fix.code
    assert "without parentheses" in fix.note


@columns
def test_a_method_with_arguments_does_not() -> None:
    def titles(shelf: Shelf) -> list[str]:
        return [book.title for book in shelf.dearer(Decimal(1))]

    def work() -> None:
        shelf = Shelf()
        assert titles(shelf) == titles(shelf)

    fix = duplicate(work).fix
    assert fix is not None
    assert "cached_property" not in fix.code
    assert fix.code.splitlines()[-1].endswith("= shelf.dearer(Decimal(1))")
    assert "Shelf.dearer()" in fix.note


def test_a_method_that_stores_does_not() -> None:
    def twice() -> None:
        shelf = Shelf()
        shelf.count()
        shelf.count()

    fix = duplicate(twice).fix
    assert fix is not None
    assert "cached_property" not in fix.code


def test_what_is_kept_already_is_of_several_objects() -> None:
    def work() -> None:
        assert Shelf().best == Shelf().best

    fix = duplicate(work).fix
    assert fix is not None
    assert "cached_property" not in fix.code
    assert fix.title == "hand the object on"
    assert "Shelf.best" in fix.note


@columns
def test_a_chain_over_several_lines_is_shown_whole() -> None:
    def work() -> str:
        first = (
            Order.objects.filter(lines__isnull=False)
            .order_by("pk")
            .first()
        )  # fmt: skip
        again = Order.objects.filter(lines__isnull=False).order_by("pk").first()
        return f"{first} {again}"

    fix = duplicate(work).fix
    assert fix is not None
    assert fix.code.splitlines()[-1].startswith("order = Order.objects.filter(lines__isnull=False)")


def test_a_question_without_a_name() -> None:
    def ask() -> object:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM shop_book, shop_author")
            return cursor.fetchone()

    message = duplicate(lambda: [ask(), ask()]).message
    assert message.endswith("asks once more for the same question, and nothing has changed.")


def test_a_method_that_a_framework_calls_stays_one() -> None:
    class Listing(ListView):  # type: ignore[type-arg]
        template_name = "none.html"

        def get_queryset(self) -> list[Book]:
            return list(Book.objects.filter(stock__gt=0).order_by("pk"))

    def work() -> None:
        view = Listing()
        view.setup(RequestFactory().get("/"))
        with transaction.atomic():
            view.get(view.request)
            view.get(view.request)

    finding = duplicate(work)
    assert finding.fix is not None
    assert "cached_property" not in finding.fix.code
