"""Hooks go in and out without a trace, and other people's hooks stay as they are."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import AsyncToSync, SyncToAsync
from django.contrib.contenttypes.fields import ReverseGenericManyToOneDescriptor
from django.core.handlers.base import BaseHandler
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.manager import BaseManager
from django.db.models.query import ModelIterable, QuerySet, RawModelIterable, RelatedPopulator
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import Atomic
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

import queryaudit
from queryaudit.errors import OutputError
from queryaudit.runtime import Session
from sample_app.shop.models import Author, Book, Tag
from tests.integration.recording import Recording
from tests.integration.statement_log import shape

pytestmark = pytest.mark.usefixtures("standing_shop")

#: Every class that is hooked, and some that might be.
HOOKED: list[type] = [
    BaseDatabaseWrapper,
    type(connection),
    BaseManager,
    ModelIterable,
    RawModelIterable,
    RelatedPopulator,
    QuerySet,
    ReverseGenericManyToOneDescriptor,
    BaseHandler,
    SyncToAsync,
    AsyncToSync,
    ThreadPoolExecutor,
    threading.Thread,
]


def attributes() -> dict[tuple[type, str], int]:
    related = [type(Book.objects.all()[0].comments), type(Author.objects.all()[0].books)]
    classes = [*HOOKED, *related]
    found = {(cls, name): id(value) for cls in classes for name, value in vars(cls).items()}
    del found[BaseManager, "creation_counter"]
    return found


def test_uninstalling_leaves_every_attribute_as_it_was() -> None:
    list(Book.objects.all()[0].comments.all())
    before = attributes()
    with Recording():
        list(Book.objects.all()[0].comments.all())
        assert attributes() != before
    assert attributes() == before


@pytest.mark.parametrize(("owner", "name"), [(Atomic, "__enter__"), (SQLCompiler, "execute_sql")])
def test_a_library_takes_its_own_wrapper_out_from_below_a_hook(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = vars(owner)[name]
    calls: list[str] = []

    @functools.wraps(plain)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        calls.append(name)
        return plain(*arguments, **named)

    monkeypatch.setattr(owner, name, wrapper)
    with Recording():
        with transaction.atomic():
            list(Tag.objects.all())
        assert calls == [name]
        # As django-cachalot does when its settings change.
        setattr(owner, name, getattr(owner, name).__wrapped__)
        with transaction.atomic():
            list(Tag.objects.all())
    assert calls == [name]
    assert vars(owner)[name] is plain


def test_a_hook_of_a_plain_function_does_not_say_that_it_wraps_one() -> None:
    with Recording():
        assert not hasattr(Atomic.__enter__, "__wrapped__")


def test_the_wrappers_of_a_connection_stay_as_they_are() -> None:
    with Recording() as seen:
        Tag.objects.count()
        assert connection.execute_wrappers == []
    assert len(seen.queries) == 1


def test_a_cursor_from_before_the_scope_is_captured() -> None:
    with connection.cursor() as cursor, Recording() as seen:
        cursor.execute("SELECT 1")
    assert seen.texts == ["SELECT 1"]


def test_another_threads_cursor_is_captured_and_is_free_afterwards() -> None:
    ready, go_on = threading.Event(), threading.Event()

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            ready.set()
            go_on.wait(20)
            cursor.execute("SELECT 2")
        connection.close()

    thread = threading.Thread(target=ask)
    with Recording() as seen:
        thread.start()
        ready.wait(20)
    go_on.set()
    thread.join()
    assert seen.texts == ["SELECT 1"]


def test_a_connection_of_its_own_is_captured_once_however_many_listen() -> None:
    fresh = connection.copy()
    with Recording() as seen:
        with Recording(), fresh.cursor() as cursor:
            cursor.execute("SELECT 1")
        with fresh.cursor() as cursor:
            cursor.execute("SELECT 2")
    fresh.close()
    assert seen.texts == ["SELECT 1", "SELECT 2"]


def test_installing_and_uninstalling_evaluates_no_lazy_object() -> None:
    evaluated: list[int] = []
    lazy = SimpleLazyObject(lambda: evaluated.append(1))
    with Recording():
        list(Tag.objects.all())
    assert evaluated == []
    assert type(lazy) is SimpleLazyObject


def test_the_hooks_of_others_that_came_later_stay() -> None:
    original = BaseManager.get_queryset

    try:
        with Recording():
            ours = BaseManager.get_queryset

            def theirs(self: Any) -> Any:
                return ours(self)

            BaseManager.get_queryset = theirs  # type: ignore[method-assign]
        assert BaseManager.get_queryset is theirs
        assert Book.objects.count() == len(Book.objects.all())
    finally:
        BaseManager.get_queryset = original  # type: ignore[method-assign]


def test_a_wrapper_of_others_sees_every_query_in_and_out_of_a_scope() -> None:
    seen_by_them: list[str] = []

    def theirs(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        seen_by_them.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(theirs):
        Tag.objects.count()
        with Recording() as seen:
            Tag.objects.exists()
        Tag.objects.count()
    assert len(seen_by_them) == 3
    assert seen.texts == [seen_by_them[1]]
    assert connection.execute_wrappers == []


def test_a_wrapper_of_others_inside_a_scope_is_the_one_that_is_taken_off() -> None:
    def theirs(execute: Callable[..., Any], *rest: Any) -> Any:
        return execute(*rest)

    with Recording() as seen:
        with connection.execute_wrapper(theirs):
            Tag.objects.count()
            assert connection.execute_wrappers == [theirs]
        assert connection.execute_wrappers == []
        Tag.objects.count()
    assert len(seen.queries) == 2


def test_a_wrapper_put_on_in_a_scope_may_outlast_it() -> None:
    seen_by_them: list[str] = []

    def theirs(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        seen_by_them.append(sql)
        return execute(sql, *rest)

    wrapping = connection.execute_wrapper(theirs)
    with Recording():
        wrapping.__enter__()
    Tag.objects.count()
    wrapping.__exit__(None, None, None)
    assert len(seen_by_them) == 1
    assert connection.execute_wrappers == []


def test_a_wrapper_that_changes_a_statement_or_refuses_it_is_respected() -> None:
    def refuse(execute: Callable[..., Any], *rest: Any) -> Any:
        raise PermissionError("no database here")

    refusing = connection.execute_wrapper(refuse)
    with Recording() as seen, refusing, pytest.raises(PermissionError):
        Tag.objects.count()
    assert [query.error for query in seen.queries] == ["PermissionError"]


def work() -> None:
    for book in Book.objects.select_related("publisher").prefetch_related("tags"):
        book.author.name  # noqa: B018
        [tag.name for tag in book.tags.all()]
        book.reviews.count()
    list(Book.objects.raw("SELECT * FROM shop_book"))
    list(Book.objects.iterator(chunk_size=2))


def test_other_people_count_the_same_queries_with_and_without_an_audit() -> None:
    with CaptureQueriesContext(connection) as plain:
        work()
    with Recording() as seen, CaptureQueriesContext(connection) as audited:
        work()
    assert [shape(query["sql"]) for query in audited] == [shape(query["sql"]) for query in plain]
    assert len(seen.queries) == len(plain)


def test_a_report_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    with CaptureQueriesContext(connection) as plain:
        work()
    with django_assert_num_queries(len(plain)):
        with queryaudit.audit() as audited:
            work()
        str(audited)
    assert audited.findings


def test_audits_nest_and_each_reports_its_own() -> None:
    with queryaudit.audit("outer") as outer:
        Tag.objects.count()
        with queryaudit.audit("inner") as inner:
            [book.author.name for book in Book.objects.all()]
        Tag.objects.exists()
    count = Book.objects.count()
    assert inner.queries == 1 + count
    assert outer.queries == 3 + count
    assert [f.rule for f in inner.findings] == [f.rule for f in outer.findings] == ["QA101"]


def test_an_audit_that_is_entered_again_says_what_to_do() -> None:
    audited = queryaudit.audit()
    with audited:
        Tag.objects.count()
    with pytest.raises(RuntimeError, match="used already"), audited:
        Tag.objects.count()
    assert audited.queries == 1
    assert Session.current is None


def test_audits_of_two_threads_at_once_keep_their_queries_apart() -> None:
    both = threading.Barrier(2, timeout=20)
    results: dict[int, int] = {}

    def audit(queries: int) -> None:
        try:
            both.wait()
            with queryaudit.audit() as audited:
                for _ in range(queries):
                    Tag.objects.using("default").none().exists()
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT 1")
                both.wait()
            results[queries] = audited.queries
        finally:
            connections.close_all()

    threads = [threading.Thread(target=audit, args=(queries,)) for queries in (3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {3: 3, 5: 5}
    assert Session.current is None
    assert connection.execute_wrappers == []


def test_an_audit_that_cannot_begin_leaves_nothing_behind(tmp_path: Path) -> None:
    before = attributes()
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OutputError), queryaudit.audit(trace=str(blocked / "traces")):
        pass
    assert Session.current is None
    assert attributes() == before


def test_a_generator_with_an_ignore_may_be_closed_in_another_context() -> None:
    def rows() -> Iterator[int]:
        with queryaudit.ignore("QA101", reason="few rows"):
            yield 1
            yield 2

    generator = rows()
    assert contextvars.Context().run(next, generator) == 1
    contextvars.Context().run(generator.close)
    with queryaudit.audit() as audited:
        list(Book.objects.all())
    assert audited.queries == 1


def test_reading_a_report_too_early_says_so() -> None:
    with queryaudit.audit() as audited, pytest.raises(RuntimeError, match="has not ended"):
        audited.report  # noqa: B018


def test_a_block_that_raises_is_reported_and_the_exception_goes_on() -> None:
    audited = queryaudit.audit()
    with pytest.raises(ZeroDivisionError), audited:
        Tag.objects.count() / 0
    assert audited.queries == 1
    assert Session.current is None


def test_leaving_a_block_out_of_order_does_no_harm() -> None:
    first, second = queryaudit.audit("first"), queryaudit.audit("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    Tag.objects.count()
    second.__exit__(None, None, None)
    Tag.objects.count()
    assert second.queries <= 1
    assert Session.current is None
    assert connection.execute_wrappers == []


@pytest.fixture(autouse=True)
def no_session_before() -> None:
    assert Session.current is None
