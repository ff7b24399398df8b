"""Views that reach the database in every way a view can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.views.generic import DetailView, ListView

from sample_app.shop.models import Author, Book, Publisher, Tag

#: What views tell tests, as they can't return it.
NOTES: list[Any] = []


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(tag.name for tag in Tag.objects.all()))


def lazy(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(book.author.name for book in Book.objects.all()))


async def asynchronous(request: HttpRequest) -> HttpResponse:
    names = [tag.name async for tag in Tag.objects.all()]
    count = await Book.objects.acount()
    await sync_to_async(Author.objects.count)()
    return HttpResponse(f"{len(names)} {count}")


async def gathered(request: HttpRequest) -> HttpResponse:
    counts = await asyncio.gather(
        Book.objects.acount(), Author.objects.acount(), Publisher.objects.acount()
    )
    return HttpResponse(str(counts))


async def insensitive(request: HttpRequest) -> HttpResponse:
    count = await sync_to_async(count_and_close, thread_sensitive=False)()
    return HttpResponse(str(count))


def count_and_close() -> int:
    """For a thread of its own, which nobody else would close the connection of."""
    try:
        return Book.objects.count()
    finally:
        connection.close()


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(chunks())


def chunks() -> Iterator[str]:
    for tag in Tag.objects.all():
        yield f"{tag.name}: {tag.books.count()}\n"


async def streamed_asynchronously(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(asynchronous_chunks())


async def asynchronous_chunks() -> AsyncIterator[str]:
    try:
        async for tag in Tag.objects.all():
            yield f"{tag.name}: {await tag.books.acount()}\n"
    finally:
        NOTES.append("closed")


async def endless(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(endless_chunks())


async def endless_chunks() -> AsyncIterator[str]:
    try:
        while True:
            yield f"{await Tag.objects.acount()}\n"
            await asyncio.sleep(0.01)
    finally:
        NOTES.append("closed")


def failing(request: HttpRequest) -> HttpResponse:
    Tag.objects.count()
    raise ZeroDivisionError("the view's own")


def failing_stream(request: HttpRequest) -> StreamingHttpResponse:
    def body() -> Iterator[str]:
        yield str(Tag.objects.count())
        raise ZeroDivisionError("the stream's own")

    return StreamingHttpResponse(body())


def file(request: HttpRequest) -> FileResponse:
    Tag.objects.count()
    return FileResponse(Path(__file__).open("rb"))


def timed(request: HttpRequest) -> HttpResponse:
    Tag.objects.count()
    return HttpResponse("timed", headers={"Server-Timing": "app;dur=1.0"})


def redirected(request: HttpRequest) -> HttpResponseRedirect:
    Tag.objects.count()
    return HttpResponseRedirect("/plain/")


class OneBook(DetailView):
    """Asks for its book in code of Django's alone."""

    model = Book
    template_name = "integration/base.html"


class SameBook(DetailView):
    model = Book
    template_name = "integration/base.html"


class TagList(ListView):
    model = Tag
    template_name = "integration/names.html"


class AuthorList(ListView):
    model = Author
    template_name = "integration/names.html"
