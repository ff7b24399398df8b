"""Uses the shop as a day of visitors would: pages, partials, APIs, sockets, office, tasks, reports.

``python -m sample_app.drive`` prepares the database (migrations, ``seed``) and drives the shop.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import django
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import Count
from django.test import AsyncClient, Client

if TYPE_CHECKING:
    from sample_app.shop.models import Book

PAGES = (
    "/",
    "/books/",
    "/books/fast/",
    "/books/prices/",
    "/books/prices/fast/",
    "/authors/",
    "/authors/fast/",
    "/authors/in-stock/",
    "/authors/in-stock/fast/",
    "/categories/",
    "/categories/fast/",
    "/comments/",
    "/comments/fast/",
    "/orders/",
    "/orders/fast/",
    "/orders/export/",
    "/orders/export/fast/",
    "/shipments/T7x1/",
    "/shipments/heaviest/",
)

BOOK_PAGES = (
    "/books/{slug}/",
    "/books/{slug}/reviews/",
    "/books/{slug}/reviews/fast/",
    "/books/{slug}/reviews/new/",
)

APIS = (
    "/api/rest/books/",
    "/api/rest/fast-books/",
    "/api/rest/orders/",
    "/api/rest/fast-orders/",
    "/api/rest/customers/",
    "/api/rest/fast-customers/",
    "/api/ninja/books",
    "/api/ninja/books/fast",
)

ASYNC_PAGES = (
    "/live/books/",
    "/live/books/fast/",
    "/live/orders/export/",
    "/live/orders/export/fast/",
    "/api/ninja/titles",
    "/api/ninja/titles/fast",
)

OFFICE = (
    "/admin/",
    "/admin/shop/book/",
    "/admin/shop/author/",
    "/admin/shop/order/",
    "/admin/shop/review/",
    "/admin/shop/category/",
    "/admin/shop/comment/",
)

SOCKETS = ("/live/stock/", "/live/stock/fast/")

TASKS = ("order_digest", "fast_order_digest")

COMMANDS = (("sales_report",), ("sales_report", "--fast"))

DEFAULT_SIZE = 60


class UnexpectedAnswerError(Exception):
    """The shop did not answer as it should."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_app.settings")
    django.setup()
    prepare()
    drive()


def prepare(size: int = DEFAULT_SIZE) -> None:
    """Tables, data and an account for the office."""
    from django.contrib.auth.models import User

    from sample_app.shop.filling import fill_shipping
    from sample_app.shop.models import Shipment

    call_command("migrate", verbosity=0)
    call_command("seed", size=size)
    if not User.objects.filter(username="clerk").exists():
        User.objects.create_superuser("clerk")
    if connection.vendor == "postgresql" and not Shipment.objects.exists():
        fill_shipping()


def drive() -> None:
    """All requests and commands, once each."""
    visit(Client(), (*PAGES, *book_pages(), *APIS))
    visit(office_client(), OFFICE)
    asyncio.run(visit_live(ASYNC_PAGES))
    for path in SOCKETS:
        asyncio.run(ask(path, "e"))
    for name in TASKS:
        getattr(tasks(), name).delay()
    for name, *options in COMMANDS:
        call_command(name, *options, stdout=io.StringIO())


def visit(client: Client, paths: Iterable[str]) -> None:
    for path in paths:
        response = client.get(path)
        check(path, response.status_code, b"".join(response))


async def visit_live(paths: Iterable[str]) -> None:
    """Requests as under ASGI: the ORM works in a thread of its own, on its own connections."""
    client = AsyncClient()
    for path in paths:
        response = await client.get(path)
        if response.streaming:
            content = b"".join([chunk async for chunk in response.streaming_content])
        else:
            content = response.content
        check(path, response.status_code, content)
    await sync_to_async(connections.close_all)()


async def ask(path: str, title: str) -> list[dict[str, Any]]:
    """A question over the socket, and its answer: what a server would hand over and get."""
    from sample_app.asgi import sockets

    received = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": json.dumps({"title": title})},
        {"type": "websocket.disconnect", "code": 1000},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return received.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await sockets({"type": "websocket", "path": path}, receive, send)
    await sync_to_async(connections.close_all)()
    answers = [message["text"] for message in sent if "text" in message]
    check(path, 200 if answers else 500, "".join(answers).encode())
    return list(json.loads(answers[0]))


def tasks() -> ModuleType:
    from sample_app.shop import tasks

    return tasks


def check(path: str, status: int, content: bytes) -> None:
    if status != 200 or not content:
        raise UnexpectedAnswerError(f"{path} answered {status} with {len(content)} bytes")


def book_pages() -> list[str]:
    slug = most_reviewed_book().slug
    return [page.format(slug=slug) for page in BOOK_PAGES]


def most_reviewed_book() -> Book:
    from sample_app.shop.models import Book

    return Book.objects.alias(reviewed=Count("reviews")).order_by("-reviewed", "pk")[0]


def office_client() -> Client:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.get(username="clerk"))
    return client


if __name__ == "__main__":
    main()
