"""What happens to the host happens as it would without an audit: errors, ends, disconnections."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from typing import Any

import django
import pytest
from django.core.signals import request_finished
from django.db import (
    IntegrityError,
    OperationalError,
    ProgrammingError,
    close_old_connections,
    connection,
    transaction,
)
from django.test import Client, RequestFactory, override_settings

import queryaudit
from queryaudit.middleware import QueryAuditMiddleware
from queryaudit.records.kinds import ScopeKind
from sample_app.shop.models import Author, Book, Country, Tag
from tests.integration import views
from tests.integration.recording import Recording
from tests.integration.serving import SERVED, communicator, over_wsgi, run_loop

pytestmark = pytest.mark.usefixtures("standing_shop")

postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="ends a connection from PostgreSQL's side"
)


@pytest.fixture
def served() -> Any:
    views.NOTES.clear()
    with override_settings(**SERVED):
        yield


#: What PostgreSQL and SQLite say to a statement that can't be run.
NO_SUCH = {"ProgrammingError", "OperationalError"}


def broken_statement() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")


def failure_of(work: Any) -> tuple[type[BaseException], str, list[str]]:
    """Type, message and the functions of the traceback, ours left out."""
    try:
        with transaction.atomic():
            work()
    except Exception as error:  # noqa: BLE001
        frames = traceback.extract_tb(error.__traceback__)
        names = [frame.name for frame in frames if "/queryaudit/" not in frame.filename]
        return type(error), str(error), names
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (broken_statement, NO_SUCH),
        (lambda: Country.objects.create(name="Norway", code="NO"), {"IntegrityError"}),
        (
            lambda: list(Book.objects.raw("SELECT 1 AS id FROM nowhere")),
            {"ProgrammingError", "OperationalError"},
        ),
    ],
)
def test_a_database_error_passes_unchanged_and_is_recorded(work: Any, name: set[str]) -> None:
    plain = failure_of(work)
    with Recording() as seen:
        audited = failure_of(work)
    assert audited == plain
    errors = [query.error for query in seen.queries if query.error]
    assert len(errors) == 1
    assert errors[0] in name
    assert issubclass(plain[0], (ProgrammingError, OperationalError, IntegrityError))


def test_the_cause_of_a_database_error_is_the_driver_s_own() -> None:
    with Recording(), pytest.raises(Exception) as raised, transaction.atomic():
        broken_statement()
    assert raised.value.__cause__ is not None
    assert type(raised.value.__cause__).__module__.split(".")[0] in ("psycopg", "sqlite3")
    assert raised.value.__context__ is raised.value.__cause__


def test_wrong_parameters_fail_as_they_do_without_an_audit() -> None:
    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s, %s", [1])

    plain = failure_of(work)
    with Recording() as seen:
        audited = failure_of(work)
    assert audited == plain
    assert len([query.error for query in seen.queries if query.error]) == 1


@postgresql
@pytest.mark.django_db(databases=["default", "other"])
def test_a_connection_that_dies_in_a_scope_fails_as_it_would_and_recovers() -> None:
    results: list[Any] = []

    def work() -> None:
        Tag.objects.count()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        killer = connection.copy()
        with killer.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        killer.close()
        try:
            Tag.objects.count()
        except OperationalError as error:
            results.append(error)
        connection.close()
        results.append(Tag.objects.count())
        connection.close()

    with Recording() as seen:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert isinstance(results[0], OperationalError)
    assert isinstance(results[1], int)
    assert [query.error for query in seen.queries] == [None, None, None, "OperationalError", None]


def close(response: Any) -> None:
    """As a server does, but for the connection of the test's transaction."""
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)


def test_a_view_that_raises_ends_its_scope(served: None) -> None:
    with Recording() as seen, pytest.raises(ZeroDivisionError, match="the view's own"):
        Client().get("/failing/")
    request = [scope for scope in seen.events.started if scope.kind is ScopeKind.REQUEST]
    assert len(request) == 1
    assert request[0].id in {ended.id for ended in seen.events.ended}
    assert [query.scope for query in seen.queries] == [request[0].id]


def test_a_stream_that_raises_ends_its_scope(served: None) -> None:
    with Recording() as seen:
        response = Client().get("/failing-stream/")
        with pytest.raises(ZeroDivisionError, match="the stream's own"):
            list(response.streaming_content)
        Tag.objects.count()
    request = next(scope for scope in seen.events.started if scope.kind is ScopeKind.REQUEST)
    assert request.id in {ended.id for ended in seen.events.ended}
    assert [query.scope for query in seen.queries] == [request.id, seen.scope.id]


def test_a_stream_that_nobody_reads_to_its_end_ends_with_its_response(served: None) -> None:
    with Recording() as seen:
        request = RequestFactory().get("/streamed/")
        response = QueryAuditMiddleware(views.streamed)(request)
        body = response.streaming_content
        next(body)
        next(body)
        assert len(seen.events.ended) == 0
        close(response)
        Tag.objects.count()
    request = next(scope for scope in seen.events.started if scope.kind is ScopeKind.REQUEST)
    assert request.id in {ended.id for ended in seen.events.ended}
    in_request = [query for query in seen.queries if query.scope == request.id]
    assert len(in_request) == 3
    assert len(seen.queries) == 4


def test_a_generator_s_own_end_runs_when_its_client_has_gone(served: None) -> None:
    with Recording():
        response = Client().get("/streamed-async/")
        body = response.streaming_content

        async def read_one_and_leave() -> None:
            await body.__anext__()
            await body.aclose()

        asyncio.run(read_one_and_leave())
    assert views.NOTES == ["closed"]


@pytest.mark.django_db(transaction=False)
def test_a_client_that_disconnects_from_an_asynchronous_stream_ends_its_scope(
    served: None,
) -> None:
    with Recording() as seen:

        async def read_some_and_leave() -> None:
            sent = communicator("/endless/")
            await sent.send_input({"type": "http.request", "body": b"", "more_body": False})
            await sent.receive_output(20)
            for _ in range(2):
                await sent.receive_output(20)
            await sent.send_input({"type": "http.disconnect"})
            # Since Django 5.0 this ends it; before, a server cancels it in the end.
            await sent.wait(20 if django.VERSION >= (5, 0) else 0.2)

        run_loop(read_some_and_leave)
    request = next(scope for scope in seen.events.started if scope.kind is ScopeKind.REQUEST)
    assert request.id in {ended.id for ended in seen.events.ended}
    assert views.NOTES == ["closed"]


def test_a_queryset_of_a_scope_may_be_evaluated_after_it() -> None:
    with Recording() as seen:
        books = Book.objects.select_related("author")
        rows = iter(Book.objects.iterator(chunk_size=2))
        next(rows)
    assert len(list(books)) == Book.objects.count()
    assert len(list(rows)) == Book.objects.count() - 1
    assert len(seen.queries) == 1


def test_rows_of_a_scope_may_be_followed_after_it() -> None:
    with Recording() as seen:
        books = list(Book.objects.all())
    assert all(book.author.publisher.name for book in books)
    assert all(list(book.tags.all()) is not None for book in books)
    assert len(seen.queries) == 1


@pytest.mark.django_db(databases=["default", "other"])
def test_a_thread_that_outlives_its_scope_works_on_and_is_counted() -> None:
    go_on, counted = threading.Event(), []

    def work() -> None:
        go_on.wait(20)
        counted.append(Tag.objects.count())
        connection.close()

    thread = threading.Thread(target=work)
    with Recording() as outer:
        with Recording() as seen:
            thread.start()
        go_on.set()
        thread.join()
    assert len(counted) == 1
    assert seen.queries == outer.queries == []
    assert outer.session.recorder.outside == 1


def test_a_report_counts_queries_of_threads_that_outlived_it() -> None:
    go_on = threading.Event()

    def work() -> None:
        go_on.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.close()

    thread = threading.Thread(target=work)
    with queryaudit.audit() as outer:
        with queryaudit.audit():
            thread.start()
        go_on.set()
        thread.join()
    late = [d for d in outer.report.diagnostics if d.slug == "late-queries"]
    assert len(late) == 1
    assert outer.queries == 0


def test_a_worker_thread_does_not_keep_the_scope_that_started_it(served: None) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        with Recording() as first:
            pool.submit(views.count_and_close).result()
        pool.submit(views.count_and_close).result()
        with Recording() as second:
            pool.submit(views.count_and_close).result()
    assert len(first.queries) == len(second.queries) == 1
    assert first.session.recorder.outside == second.session.recorder.outside == 0


def test_requests_at_once_keep_their_queries_apart(served: None) -> None:
    with Recording() as seen:
        paths = ["/plain/", *["/timed/"] * 4]
        threads = [threading.Thread(target=over_wsgi, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    names = {scope.id: scope.name for scope in seen.events.ended}
    assert sorted(str(names[query.scope]) for query in seen.queries) == [
        "GET /plain/",
        *["GET /timed/"] * 4,
    ]
    assert len({query.scope for query in seen.queries}) == 5


def test_an_exception_of_a_system_exit_passes_through_a_scope() -> None:
    with pytest.raises(SystemExit), Recording():
        raise SystemExit(3)
    assert Author.objects.exists()


def _below(levels: int) -> int:
    return Tag.objects.count() if levels == 0 else _below(levels - 1)


def test_a_query_near_the_end_of_the_stack_is_written_down() -> None:
    """Call paths that are alike for long are told apart without a stack of our own."""
    depth = len(traceback.extract_stack())
    limit = sys.getrecursionlimit()
    with queryaudit.audit() as audited:
        sys.setrecursionlimit(depth + 100 + 90)
        try:
            first = _below(100)
            second = _below(100)
        finally:
            sys.setrecursionlimit(limit)
    assert first == second
    assert audited.report.diagnostics == ()
    assert audited.report.audited.queries == 2
