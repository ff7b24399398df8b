"""Requests through the real handlers, as a server makes them: outside of any unit of work."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import RequestFactory

MIDDLEWARE = "queryaudit.middleware.QueryAuditMiddleware"

#: Settings with our middleware first and these tests' addresses.
SERVED: dict[str, Any] = {
    "ROOT_URLCONF": "tests.integration.urls",
    "MIDDLEWARE": [MIDDLEWARE, "django.middleware.common.CommonMiddleware"],
    "ALLOWED_HOSTS": ["*"],
    "QUERYAUDIT": {"enabled": True, "log": False, "server-timing": False, "strict": True},
}


def outside(work: Callable[[], Any]) -> Any:
    """Run ``work`` where no unit of work is current, as a server's own thread does."""
    return contextvars.Context().run(work)


def over_wsgi(path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a GET through the WSGI handler."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        started.extend((int(status.split()[0]), dict(headers)))

    def request() -> bytes:
        environ = RequestFactory().get(path).environ
        body = WSGIHandler()(environ, start_response)
        try:
            return b"".join(body)
        finally:
            body.close()
            connections.close_all()

    content = outside(request)
    return started[0], started[1], content


def over_asgi(path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a GET through the ASGI handler."""
    return run_loop(lambda: asgi_get(path))


def run_loop(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return outside(lambda: asyncio.run(work()))


def communicator(path: str) -> ApplicationCommunicator:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "asgi": {"version": "3.0"},
    }
    return ApplicationCommunicator(ASGIHandler(), scope)


async def asgi_get(path: str) -> tuple[int, dict[str, str], bytes]:
    sent = communicator(path)
    await sent.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await sent.receive_output(20)
    content = b""
    more = True
    while more:
        part = await sent.receive_output(20)
        content += part.get("body", b"")
        more = part.get("more_body", False)
    await sent.wait(20)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, content
