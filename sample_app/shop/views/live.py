"""Asynchronous feeds and downloads."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse

from sample_app.shop.models import Author, Book, OrderLine
from sample_app.shop.views.exports import CHUNK_SIZE, Echo, order_row

NEWEST = 25


async def book_feed(request: HttpRequest) -> JsonResponse:
    items = []
    async for book in Book.objects.order_by("-published_on", "-pk")[:NEWEST]:
        author = await Author.objects.aget(pk=book.author_id)
        items.append({"title": book.title, "author": author.name})
    return JsonResponse({"items": items})


async def fast_book_feed(request: HttpRequest) -> JsonResponse:
    books = Book.objects.select_related("author").order_by("-published_on", "-pk")[:NEWEST]
    items = [{"title": book.title, "author": book.author.name} async for book in books]
    return JsonResponse({"items": items})


async def order_export(request: HttpRequest) -> StreamingHttpResponse:
    async def rows() -> AsyncIterator[list[Any]]:
        async for line in OrderLine.objects.order_by("pk").aiterator(CHUNK_SIZE):
            yield await sync_to_async(order_row)(line)

    return StreamingHttpResponse(csv_lines(rows()), content_type="text/csv")


async def fast_order_export(request: HttpRequest) -> StreamingHttpResponse:
    async def rows() -> AsyncIterator[list[Any]]:
        lines = OrderLine.objects.select_related("book", "order__customer").order_by("pk")
        async for line in lines.aiterator(CHUNK_SIZE):
            yield order_row(line)

    return StreamingHttpResponse(csv_lines(rows()), content_type="text/csv")


async def csv_lines(rows: AsyncIterator[list[Any]]) -> AsyncIterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(["order", "customer", "book", "quantity"])
    async for row in rows:
        yield writer.writerow(row)
