"""Streaming bodies run after the middleware returned: their scope is entered for each chunk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from queryaudit.capture.scopes import Scope, entered


def stream_in_scope(response: Any, scope: Scope, end: Callable[[], None]) -> None:
    """Let the body of ``response`` run in ``scope``, and call ``end`` once when it is over.

    ``end`` runs when the body is exhausted, raises, or is closed by a client that went away, and
    with the response at the latest.
    """
    # A file is handed to the server as it is, and asks no database.
    if getattr(response, "file_to_stream", None) is None:
        body = response.streaming_content
        if getattr(response, "is_async", False):
            response.streaming_content = _async_chunks(body, scope, end)
        else:
            response.streaming_content = _chunks(body, scope, end)
    response._resource_closers.append(end)


def _chunks(body: Any, scope: Scope, end: Callable[[], None]) -> Iterator[Any]:
    try:
        with entered(scope):
            iterator = iter(body)
        while True:
            with entered(scope):
                try:
                    chunk = next(iterator)
                except StopIteration:
                    return
            yield chunk
    finally:
        end()


async def _async_chunks(body: Any, scope: Scope, end: Callable[[], None]) -> AsyncIterator[Any]:
    try:
        with entered(scope):
            iterator = aiter(body)
        while True:
            with entered(scope):
                try:
                    chunk = await anext(iterator)
                except StopAsyncIteration:
                    return
            yield chunk
    finally:
        end()
