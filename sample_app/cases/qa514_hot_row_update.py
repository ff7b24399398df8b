"""QA514: one row that everybody adds to, in a transaction that goes on."""

from __future__ import annotations

from functools import partial

from django.db import connection, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path, re_path

from sample_app.shop.models import Book, Customer, Order, Review

COUNTER = "a-slug"
ROUNDS = 12


def _place(number: int) -> None:
    """What an order is besides."""
    customer = Customer.objects.earliest("pk")
    order = Order.objects.create(customer=customer, placed_at="2024-01-01T00:00Z", note=f"{number}")
    order.lines.create(book=Book.objects.earliest("pk"), unit_price=1)


def _post(name: str, count: int = 4) -> None:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
        client = Client()
        for number in range(count):
            client.post(f"/{name}/", {"number": number})


def bad() -> None:
    """The row is named by a constant, and written first."""
    with transaction.atomic():
        Book.objects.filter(slug="a-slug").update(stock=F("stock") + 1)
        _place(1)


def good() -> None:
    """The same, written last."""
    with transaction.atomic():
        _place(1)
        Book.objects.filter(slug="a-slug").update(stock=F("stock") + 1)


def bad_raw() -> None:
    """SQL by hand."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE shop_book SET stock = stock + 1 WHERE id = 1")
        _place(1)


def bad_saved() -> None:
    """Read by a constant and saved with an expression."""
    Book.objects.filter(pk=Book.objects.earliest("pk").pk).update(slug=COUNTER)
    with transaction.atomic():
        book = Book.objects.get(slug=COUNTER)
        book.stock = F("stock") + 1
        book.save(update_fields=["stock"])
        _place(1)


@transaction.atomic
def order(request: HttpRequest) -> HttpResponse:
    book = Book.objects.earliest("pk")
    Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)
    _place(int(request.POST["number"]))
    return HttpResponse()


@transaction.atomic
def order_that_counts_last(request: HttpRequest) -> HttpResponse:
    _place(int(request.POST["number"]))
    book = Book.objects.only("pk").earliest("pk")
    Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)
    return HttpResponse()


@transaction.atomic
def order_of_its_own_book(request: HttpRequest) -> HttpResponse:
    number = int(request.POST["number"])
    book = Book.objects.order_by("pk")[number]
    Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)
    _place(number)
    return HttpResponse()


@transaction.atomic
def _order_of(book: Book, number: int) -> None:
    Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)
    _place(number)


def order_what_is_asked_for(request: HttpRequest) -> HttpResponse:
    _order_of(Book.objects.earliest("pk"), int(request.POST["number"]))
    return HttpResponse()


@transaction.atomic
def like(request: HttpRequest, pk: int) -> HttpResponse:
    Book.objects.filter(pk=pk).update(stock=F("stock") + 1)
    _place(int(request.POST["number"]))
    return HttpResponse()


urlpatterns = [
    *[path(f"{v.__name__}/", v) for v in (order, order_that_counts_last, order_of_its_own_book)],
    path("ask/", order_what_is_asked_for),
    path("like/<int:pk>/", like),
    re_path("^copy/([0-9]+)/$", like),
]


def bad_requests() -> None:
    """Each request is about something else, and adds to the same row."""
    _post("order")


def good_requests_that_count_last() -> None:
    """Each request locks the row just before it commits."""
    _post("order_that_counts_last")


def good_requests_about_rows() -> None:
    """Each request has a row of its own."""
    _post("order_of_its_own_book")


def good_route_names_the_row() -> None:
    """The row is what the request is about: other requests are about others."""
    _post(f"like/{Book.objects.earliest('pk').pk}")


def good_body_names_the_row() -> None:
    """All requests are about one row by chance: the same code writes to another one, too."""
    _post("ask")
    _order_of(Book.objects.latest("pk"), 8)


def good_route_names_the_row_by_position() -> None:
    """The same, as a regular expression without a name."""
    _post(f"copy/{Book.objects.earliest('pk').pk}")


def good_few_requests() -> None:
    """Two requests say little."""
    _post("order", 2)


def good_value_is_set() -> None:
    """A row that is set, by a constant, is no counter."""
    with transaction.atomic():
        Book.objects.filter(slug="a-slug").update(stock=1)
        _place(1)


def good_after_commit() -> None:
    """Counted when all else is done."""
    with transaction.atomic():
        _place(1)
        transaction.on_commit(
            partial(Book.objects.filter(slug="a-slug").update, stock=F("stock") + 1)
        )


def good_row_of_the_order() -> None:
    """Many transactions on the same row, as a test makes them: it has one row."""
    book = Book.objects.earliest("pk")
    for number in range(ROUNDS):
        with transaction.atomic():
            Book.objects.filter(pk=book.pk).update(stock=F("stock") + 1)
            _place(number)


def good_autocommit() -> None:
    """Locked for as long as the statement takes."""
    Book.objects.filter(slug="a-slug").update(stock=F("stock") + 1)
    Review.objects.filter(rating=9).delete()
