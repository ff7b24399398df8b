"""The shop answers, and each fast address says what its slow twin says, with fewer queries."""

from __future__ import annotations

import io

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import connection
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from sample_app import drive
from sample_app.shop.models import Author, Book, Review
from sample_app.shop.seeding import seed

TWINS = [
    ("/books/", "/books/fast/"),
    ("/books/prices/", "/books/prices/fast/"),
    ("/books/{slug}/reviews/", "/books/{slug}/reviews/fast/"),
    ("/authors/", "/authors/fast/"),
    ("/authors/in-stock/", "/authors/in-stock/fast/"),
    ("/categories/", "/categories/fast/"),
    ("/comments/", "/comments/fast/"),
    ("/orders/", "/orders/fast/"),
    ("/orders/export/", "/orders/export/fast/"),
    ("/live/books/", "/live/books/fast/"),
    ("/api/rest/books/", "/api/rest/fast-books/"),
    ("/api/rest/orders/", "/api/rest/fast-orders/"),
    ("/api/rest/customers/", "/api/rest/fast-customers/"),
    ("/api/ninja/books", "/api/ninja/books/fast"),
    ("/api/ninja/titles", "/api/ninja/titles/fast"),
]

MOST_QUERIES = 5


def get(client: Client, path: str) -> tuple[bytes, int]:
    slug = drive.most_reviewed_book().slug
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path.format(slug=slug), headers={"accept": "application/json"})
        content = b"".join(response)
    assert response.status_code == 200
    return content, len(queries)


@pytest.mark.parametrize(("slow", "fast"), TWINS)
def test_a_fast_address_says_the_same_with_fewer_queries(
    shop: None, client: Client, slow: str, fast: str
) -> None:
    slow_content, slow_queries = get(client, slow)
    fast_content, fast_queries = get(client, fast)
    assert fast_content == slow_content
    assert fast_queries <= MOST_QUERIES < slow_queries


@pytest.mark.parametrize("path", [fast for _, fast in TWINS])
def test_a_fast_address_asks_no_more_with_more_rows(db: None, client: Client, path: str) -> None:
    seed(6)
    _, few = get(client, path)
    seed(24)
    _, many = get(client, path)
    assert many <= few


@pytest.mark.django_db(transaction=True)
def test_the_whole_drive_goes_through(shop: None, django_user_model: type) -> None:
    django_user_model.objects.create_superuser("clerk")
    drive.drive()


@pytest.mark.parametrize("model", ["book", "author", "order", "review"])
def test_the_office_opens_a_row(shop: None, admin_client: Client, model: str) -> None:
    answer = admin_client.get(f"/admin/shop/{model}/")
    pk = answer.context["cl"].result_list[0].pk
    assert admin_client.get(f"/admin/shop/{model}/{pk}/change/").status_code == 200


def test_both_live_downloads_send_the_same(shop: None) -> None:
    async def download(path: str) -> list[bytes]:
        response = await AsyncClient().get(path)
        return [chunk async for chunk in response.streaming_content]

    async def both() -> tuple[list[bytes], list[bytes]]:
        slow = await download("/live/orders/export/")
        return slow, await download("/live/orders/export/fast/")

    slow, fast = async_to_sync(both)()
    assert fast == slow
    assert len(slow) > 6


@pytest.mark.django_db(transaction=True)
def test_both_sockets_answer_the_same(shop: None) -> None:
    slow, fast = (async_to_sync(drive.ask)(path, "e") for path in drive.SOCKETS)
    assert fast == slow
    assert len(slow) > 2


def test_both_tasks_say_the_same(shop: None) -> None:
    slow, fast = (getattr(drive.tasks(), name).delay().get() for name in drive.TASKS)
    assert fast == slow
    assert len(slow) > 2


def test_both_reports_say_the_same(shop: None) -> None:
    slow, fast = io.StringIO(), io.StringIO()
    call_command("sales_report", stdout=slow)
    call_command("sales_report", "--fast", stdout=fast)
    assert fast.getvalue() == slow.getvalue() != ""


def test_a_review_can_be_written(shop: None, client: Client) -> None:
    book = Book.objects.order_by("pk")[0]
    Review.objects.filter(book=book).delete()
    customer = Review.objects.values_list("customer", flat=True)[0]
    response: HttpResponseBase = client.post(
        f"/books/{book.slug}/reviews/new/", {"customer": customer, "rating": 5, "text": "Good."}
    )
    assert response.status_code == 302
    assert book.reviews.get().rating == 5


def test_seeding_twice_gives_the_same_shop(db: None) -> None:
    def content() -> list[tuple[object, ...]]:
        books = Book.objects.values_list("title", "author__name", "price", "published_on")
        return list(books.order_by("slug"))

    seed(8)
    first = content()
    seed(8)
    assert content() == first
    assert Author.objects.count() >= 3


def test_the_seed_command_leaves_a_shop_of_the_wanted_size_alone(db: None) -> None:
    out = io.StringIO()
    call_command("seed", "--size=5", stdout=out)
    pks = list(Book.objects.values_list("pk", flat=True))
    call_command("seed", "--size=5", stdout=out)
    assert list(Book.objects.values_list("pk", flat=True)) == pks
    assert "already" in out.getvalue()
