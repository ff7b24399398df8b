"""The middleware in a running application: scopes, log, header, trace; WSGI, ASGI, test client."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import FileResponse, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings

from queryaudit.checks import check_middleware, check_options
from queryaudit.middleware import QueryAuditMiddleware
from queryaudit.middleware.audits import log_line
from queryaudit.records.definitions import Model
from queryaudit.records.events import Query, ScopeEnd, ScopeStart
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import ScopeKind
from queryaudit.runtime import Session
from queryaudit.trace.merge import open_traces
from sample_app.shop.models import Book, Tag
from tests.golden.sample import sample
from tests.integration.recording import Recording
from tests.integration.serving import MIDDLEWARE, SERVED, over_asgi, over_wsgi

pytestmark = pytest.mark.usefixtures("standing_shop")

TIMING = re.compile(r'^db;dur=\d+\.\d;desc="(\d+) quer(?:y|ies)"$')


def served(**options: object) -> Any:
    """Settings with the middleware on; options with underscores."""
    chosen: dict[str, object] = {"enabled": True, "log": False, "server-timing": True}
    chosen["strict"] = True
    chosen |= {name.replace("_", "-"): value for name, value in options.items()}
    return override_settings(**{**SERVED, "QUERYAUDIT": chosen})


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, logger="queryaudit")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "queryaudit"]


def queries_told(headers: Any) -> int | None:
    """The number in the Server-Timing header, if there is one of ours."""
    found = [TIMING.match(part.strip()) for part in headers.get("Server-Timing", "").split(",")]
    return next((int(match.group(1)) for match in found if match), None)


# What answers


def by_client(path: str) -> tuple[int, Any]:
    response = Client().get(path)
    return response.status_code, response.headers


def by_async_client(path: str) -> tuple[int, Any]:
    from asgiref.sync import async_to_sync

    async def get() -> Any:
        return await AsyncClient().get(path)

    response = async_to_sync(get)()
    return response.status_code, response.headers


@pytest.mark.parametrize("get", [by_client, by_async_client])
@pytest.mark.parametrize(("path", "queries"), [("/plain/", 1), ("/async/", 3), ("/gathered/", 3)])
def test_views_of_both_kinds_are_audited_by_handlers_of_both_kinds(
    get: Callable[[str], tuple[int, Any]], path: str, queries: int
) -> None:
    with served():
        status, headers = get(path)
    assert (status, queries_told(headers)) == (200, queries)


def test_a_request_is_a_scope_named_by_its_route() -> None:
    with served(), Recording() as seen:
        slug = Book.objects.values_list("slug", flat=True)[0]
        assert Client().get(f"/books/{slug}/").status_code == 200
    (request,) = [scope for scope in seen.events.started if scope.kind is ScopeKind.REQUEST]
    assert request.parent == seen.scope.id
    assert request.name == "GET (no route)"
    end = next(end for end in seen.events.ended if end.id == request.id)
    assert end.name == "GET /books/<slug:slug>/"


def test_a_finding_is_logged_in_one_line(logged: Callable[[], list[str]]) -> None:
    with served(log=True):
        Client().get("/lazy/")
    (line,) = logged()
    assert line.startswith("QA101 ")
    assert " at tests/integration/views.py:" in line
    assert " in GET /lazy/." in line
    assert 'Book.objects.select_related("author")' in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ('Book.objects.select_related("author")', 'Book.objects.select_related("author")'),
        (
            "from django.db.models import Count\nbooks.annotate(n=Count('x'))",
            "books.annotate(n=Count('x'))",
        ),
        ("book = ...", "ask once"),
        ("rows = list(books)\nfor row in rows:\n    ...  # use rows", "ask once"),
        ("{% with n=book.n %}\n    ...\n{% endwith %}", "ask once"),
    ],
)
def test_a_logged_fix_is_the_code_or_where_that_takes_several_lines_what_it_does(
    code: str, told: str
) -> None:
    fix = Fix(title="ask once", applicability=Applicability.DISPLAY_ONLY, code=code)
    line = log_line(replace(sample().findings[0], fix=fix), "GET /books/")
    assert line.endswith(f" in GET /books/. Fix: {told}")


def test_a_request_without_findings_logs_nothing(logged: Callable[[], list[str]]) -> None:
    with served(log=True):
        Client().get("/plain/")
    assert logged() == []


def test_log_and_header_can_be_off(logged: Callable[[], list[str]]) -> None:
    with served(log=False, server_timing=False):
        response = Client().get("/lazy/")
    assert "Server-Timing" not in response.headers
    assert logged() == []


def test_the_header_joins_one_that_is_there() -> None:
    with served():
        response = Client().get("/timed/")
    first, second = response.headers["Server-Timing"].split(", ", 1)
    assert first == "app;dur=1.0"
    assert TIMING.match(second)


def test_no_query_is_told_as_none() -> None:
    with served():
        response = Client().get("/nowhere/")
    assert response.status_code == 404
    assert queries_told(response.headers) == 0


ANSWERS = [
    ("get", "/redirected/", 302, 1),
    ("head", "/plain/", 200, 1),
    ("get", "/nowhere/", 404, 0),
    ("get", "/plain", 301, 0),
    ("post", "/plain/", 200, 1),
    ("options", "/tags/", 200, 0),
]


@pytest.mark.parametrize(("method", "path", "status", "queries"), ANSWERS)
def test_every_answer_is_told_of(method: str, path: str, status: int, queries: int) -> None:
    with served():
        response = getattr(Client(), method)(path)
    assert response.status_code == status
    assert queries_told(response.headers) == queries


def test_a_partial_request_is_a_scope_of_its_own(logged: Callable[[], list[str]]) -> None:
    slug = Book.objects.filter(reviews__isnull=False).values_list("slug", flat=True)[0]
    with served(log=True), Recording() as seen:
        Client().get(f"/books/{slug}/reviews/", headers={"HX-Request": "true"})
    (request,) = [scope for scope in seen.events.started if scope.kind is ScopeKind.REQUEST]
    (ended,) = [event for event in seen.events.ended if event.id == request.id]
    assert ended.name == "GET /books/<slug:slug>/reviews/"
    assert {query.scope for query in seen.queries if "shop_review" in seen.text(query)} == {
        request.id
    }


def test_a_stream_is_audited_to_its_end(logged: Callable[[], list[str]]) -> None:
    with served(log=True):
        response = Client().get("/streamed/")
        assert "Server-Timing" not in response.headers
        assert logged() == []
        content = b"".join(response.streaming_content)
    assert content.count(b"\n") == Tag.objects.count()
    (line,) = logged()
    assert line.startswith("QA104 ")
    assert " in GET /streamed/." in line


def test_a_file_is_handed_on_as_it_is() -> None:
    request = RequestFactory().get("/")
    opened = Path(__file__).open("rb")  # noqa: SIM115 - the response closes it
    given: list[FileResponse] = []

    def view(request: Any) -> FileResponse:
        given.append(FileResponse(opened))
        return given[0]

    with served(), Recording() as seen:
        response = QueryAuditMiddleware(view)(request)
        assert response is given[0]
        assert response.file_to_stream is opened
        assert b"".join(response.streaming_content) == Path(__file__).read_bytes()
        for closer in response._resource_closers:
            closer()
    assert opened.closed
    assert len(seen.events.ended) == 2


def test_a_view_s_answer_is_the_same_object() -> None:
    answer = HttpResponse("x")
    with served():
        assert QueryAuditMiddleware(lambda request: answer)(RequestFactory().get("/")) is answer


def test_an_exception_of_the_inner_chain_goes_on_unchanged() -> None:
    error = ZeroDivisionError("theirs")

    def view(request: Any) -> HttpResponse:
        raise error

    with served(), pytest.raises(ZeroDivisionError) as raised:
        QueryAuditMiddleware(view)(RequestFactory().get("/"))
    assert raised.value is error


def test_two_instances_audit_a_request_once(logged: Callable[[], list[str]]) -> None:
    twice = [MIDDLEWARE, MIDDLEWARE, "django.middleware.common.CommonMiddleware"]
    with (
        served(log=True, ignore=["QA201"]),
        override_settings(MIDDLEWARE=twice),
        Recording() as seen,
    ):
        response = Client().get("/lazy/")
    assert len(logged()) == 1
    assert response.headers["Server-Timing"].count("db;dur") == 1
    assert len([s for s in seen.events.started if s.kind is ScopeKind.REQUEST]) == 1


# Which requests


def test_ignored_paths_are_not_audited() -> None:
    with served(ignore_paths=["/plain/*", "/health*"]):
        ignored = Client().get("/plain/")
        audited = Client().get("/timed/")
    assert "Server-Timing" not in ignored.headers
    assert queries_told(audited.headers) == 1


@pytest.mark.parametrize(
    ("rate", "number", "audited"), [(0.5, 0.4, 1), (0.5, 0.6, None), (1, 1, 1)]
)
def test_a_share_of_requests_is_audited(
    monkeypatch: pytest.MonkeyPatch, rate: float, number: float, audited: int | None
) -> None:
    monkeypatch.setattr("queryaudit.middleware.audits.random.random", lambda: number)
    with served(sample_rate=rate):
        response = Client().get("/plain/")
    assert queries_told(response.headers) == audited


@pytest.mark.parametrize(
    ("debug", "enabled", "audited"),
    [(False, "auto", None), (True, "auto", 1), (False, True, 1), (True, False, None)],
)
def test_it_works_with_debug_or_when_told_to(
    debug: bool, enabled: object, audited: int | None
) -> None:
    with served(enabled=enabled), override_settings(DEBUG=debug):
        response = Client().get("/plain/")
    assert queries_told(response.headers) == audited
    assert (Session.current is None) is (audited is None)


def test_off_it_is_not_used_at_all() -> None:
    with served(enabled=False), pytest.raises(MiddlewareNotUsed):
        QueryAuditMiddleware(lambda request: HttpResponse())


def test_broken_settings_turn_it_off_with_one_sentence(logged: Callable[[], list[str]]) -> None:
    with served(server_timming=True):
        response = Client().get("/plain/")
    assert response.status_code == 200
    assert "Server-Timing" not in response.headers
    (line,) = logged()
    assert line.startswith("queryaudit is off: ")
    assert "server-timming" in line
    assert "server-timing" in line
    assert Session.current is None


def test_system_checks_name_each_wrong_setting() -> None:
    with served(server_timming=True, sample_rate=3):
        found = check_options()
    assert len(found) == 2
    assert all(message.id.startswith("queryaudit.E") for message in found)
    text = " ".join(f"{message.msg} {message.hint}" for message in found)
    assert "server-timming" in text
    assert "sample-rate" in text


def test_system_checks_warn_of_a_middleware_that_is_not_first() -> None:
    with override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware", MIDDLEWARE]):
        (warning,) = check_middleware()
    assert warning.id == "queryaudit.W001"
    with override_settings(MIDDLEWARE=[MIDDLEWARE]):
        assert check_middleware() == []


def test_right_settings_pass_all_checks() -> None:
    with served():
        assert [*check_options(), *check_middleware()] == []


# The trace


def events_of(folder: Path) -> Iterator[Any]:
    for reader in open_traces([folder]):
        yield from reader.events()


def test_a_trace_holds_what_was_audited(tmp_path: Path) -> None:
    with served(trace=str(tmp_path / "traces")):
        Client().get("/plain/")
        Client().get("/lazy/")
        assert Session.current is not None
        Session.current.close()
    events = list(events_of(tmp_path / "traces"))
    started = [event for event in events if isinstance(event, ScopeStart)]
    ended = [event for event in events if isinstance(event, ScopeEnd)]
    # A path holds values; the route is known at the end.
    assert [event.name for event in started] == ["GET (no route)"] * 2
    assert [event.name for event in ended] == ["GET /plain/", "GET /lazy/"]
    lazy = [e for e in events if isinstance(e, Query) and e.scope == started[1].id]
    assert len(lazy) == 1 + Book.objects.count()
    # Each once, before the units of work: with them it is judged as it was there.
    told = [event.label for event in events if isinstance(event, Model)]
    assert "shop.Book" in told
    assert len(told) == len({*told})


def test_a_trace_that_can_t_be_written_is_said_and_nothing_else_happens(
    tmp_path: Path, logged: Callable[[], list[str]]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with served(trace=str(blocked / "traces")):
        response = Client().get("/plain/")
    assert queries_told(response.headers) == 1
    (line,) = logged()
    assert line.startswith("queryaudit writes no trace: ")


# Servers


@pytest.fixture
def committed(committed_shop: None) -> None:
    """Threads of a server have connections of their own and see what is committed."""


@pytest.mark.parametrize("path", ["/plain/", "/async/"])
def test_it_works_under_asgi(committed: None, path: str) -> None:
    with served():
        status, headers, content = over_asgi(path)
    assert status == 200
    assert queries_told(headers) == (1 if path == "/plain/" else 3)
    assert content


def test_an_asynchronous_stream_under_asgi_is_audited_to_its_end(
    committed: None, logged: Callable[[], list[str]]
) -> None:
    with served(log=True):
        status, _, content = over_asgi("/streamed-async/")
    assert status == 200
    assert content.count(b"\n") == Tag.objects.count()
    assert [line[:5] for line in logged()] == ["QA104"]


def test_it_works_under_wsgi(committed: None) -> None:
    import threading

    found: list[Any] = []
    with served():
        thread = threading.Thread(target=lambda: found.extend(over_wsgi("/lazy/")))
        thread.start()
        thread.join()
    status, headers, content = found
    assert status == 200
    assert queries_told(headers) == 1 + Book.objects.count()
    assert content
