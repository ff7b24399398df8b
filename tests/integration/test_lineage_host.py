"""Lineage changes nothing for the host: results, fetch modes, copies, pickles, lifetimes."""

# ruff: noqa: B018 - reading attributes is what is tested

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.db.models import F, Prefetch
from django.test.utils import CaptureQueriesContext

from queryaudit.capture.hydration import lineage_of
from sample_app.shop.models import Audiobook, Author, Book, Comment, Review
from tests.integration.recording import ROOT, Recording

pytestmark = pytest.mark.usefixtures("standing_shop")

needs_fetch_modes = pytest.mark.skipif(
    django.VERSION < (6, 1), reason="fetch modes came with Django 6.1"
)


def shape_of(queryset: Any) -> list[tuple[Any, ...]]:
    return [(type(row), row.pk, sorted(set(row.__dict__) - {"_state"})) for row in queryset]


QUERYSETS: list[Callable[[], Any]] = [
    lambda: Book.objects.all(),
    lambda: Book.objects.select_related("author__publisher__country"),
    lambda: Book.objects.prefetch_related("tags", "reviews__customer"),
    lambda: Book.objects.prefetch_related(Prefetch("reviews", Review.objects.all(), to_attr="r")),
    lambda: Book.objects.defer("description"),
    lambda: Book.objects.only("title").select_related(None),
    lambda: Book.objects.annotate(name=F("author__name")),
    lambda: Audiobook.objects.all(),
    lambda: Author.objects.select_related("profile"),
    lambda: Author.objects.first().books.all(),
    lambda: Book.objects.first().tags.all(),
    lambda: Book.objects.first().comments.all(),
    lambda: Comment.objects.prefetch_related("target"),
    lambda: Book.objects.raw("SELECT * FROM shop_book ORDER BY id"),
    lambda: Book.objects.order_by().union(Book.objects.order_by().filter(stock=1)).order_by("pk"),
]


@pytest.mark.parametrize("build", QUERYSETS)
def test_rows_are_what_they_are_without_an_audit(build: Callable[[], Any]) -> None:
    with CaptureQueriesContext(connection) as plain_queries:
        plain = shape_of(build())
    with Recording() as seen, CaptureQueriesContext(connection) as queries:
        audited = shape_of(build())
    assert audited == plain
    assert [query["sql"] for query in queries] == [query["sql"] for query in plain_queries]
    assert len(seen.queries) == len(queries)


@pytest.mark.parametrize("build", QUERYSETS)
def test_the_query_of_an_evaluated_queryset_stays_the_same(build: Callable[[], Any]) -> None:
    untouched = build()
    with Recording():
        queryset = build()
        list(queryset)
    assert str(queryset.query) == str(untouched.query)


def test_a_related_manager_filters_once_in_what_is_derived_later() -> None:
    with Recording() as seen:
        tags = Book.objects.first().tags.all()
        list(tags)
        list(tags.filter(name__contains="c"))
    text = seen.texts[-1]
    assert text.count("JOIN") == 1
    assert text.count('"shop_book_tags"."book_id" =') == 1


def test_a_queryset_keeps_its_own_class_and_attributes() -> None:
    with Recording():
        books = Book.objects.all()
        books.of_the_user = 1
        list(books)
        assert type(books.all()) is type(books)
        assert books.of_the_user == 1
        assert books._result_cache is not None


@needs_fetch_modes
def test_a_manager_s_fetch_mode_is_unchanged() -> None:
    from django.db import models

    with Recording():
        books = Book.objects.all()
        list(books)
        assert books._fetch_mode is models.FETCH_ONE
        assert Book.objects.all()._fetch_mode is models.FETCH_ONE
        assert Book.objects.fetch_mode(models.FETCH_PEERS)._fetch_mode is models.FETCH_PEERS
        book = books[0]
        assert book._state.fetch_mode == models.FETCH_ONE
        assert book._state.fetch_mode == models.FETCH_ONE
        assert hash(book._state.fetch_mode) == hash(models.FETCH_ONE)
        assert isinstance(book._state.fetch_mode, type(models.FETCH_ONE))
        assert book._state.fetch_mode != models.FETCH_PEERS
    assert Book.objects.all()._fetch_mode is models.FETCH_ONE


@needs_fetch_modes
def test_peers_are_fetched_together_under_audit_too() -> None:
    from django.db import models

    def names() -> list[str]:
        return [book.author.publisher.name for book in Book.objects.fetch_mode(models.FETCH_PEERS)]

    with CaptureQueriesContext(connection) as plain:
        expected = names()
    with Recording() as seen:
        found = names()
    assert found == expected
    assert len(seen.queries) == len(plain) == 3
    paths = {seen.path(query) for query in seen.queries}
    assert paths == {None, "Book.+author", "Book.+author__+publisher"}


@needs_fetch_modes
def test_a_mode_that_raises_raises_under_audit_too() -> None:
    from django.core.exceptions import FieldFetchBlocked
    from django.db import models

    with Recording() as seen:
        book = Book.objects.fetch_mode(models.FETCH_RAISE).defer("description")[0]
        with pytest.raises(FieldFetchBlocked) as relation:
            book.author
        with pytest.raises(FieldFetchBlocked):
            book.description
    assert "Book.author" in str(relation.value)
    assert len(seen.queries) == 1


@needs_fetch_modes
def test_a_mode_that_the_user_wrote_is_asked() -> None:
    from django.db.models.fetch_modes import FETCH_ONE, FetchMode

    asked = []

    class Noting(FetchMode):
        track_peers = False

        def fetch(self, fetcher: Any, instance: Any) -> None:
            asked.append(instance.pk)
            FETCH_ONE.fetch(fetcher, instance)

    mode = Noting()
    with Recording() as seen:
        books = list(Book.objects.fetch_mode(mode).order_by("pk")[:2])
        [book.author.name for book in books]
        assert books[0]._state.fetch_mode == mode
    assert asked == [book.pk for book in books]
    # The mode's own code stands between the row and its query, and is a part of the access.
    accesses = [seen.access(query) for query in seen.about("shop_author")]
    assert [[step.name for step in access.path] for access in accesses] == [["author"]] * 2
    assert {access.origin for access in accesses} != {None}


COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    lambda value: pickle.loads(pickle.dumps(value)),
]


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize(
    "build",
    [
        lambda: Book.objects.select_related("author").first(),
        lambda: Book.objects.first().author,
        lambda: Book.objects.prefetch_related("tags").first(),
    ],
)
def test_a_copied_instance_works_in_and_out_of_the_scope(
    duplicate: Callable[[Any], Any], build: Callable[[], Any]
) -> None:
    with Recording() as seen:
        original = build()
        twin = duplicate(original)
        assert duplicate(twin) == twin == original
        assert type(twin._state) is type(original._state)
        twin.refresh_from_db()
    assert not seen.errors
    twin.refresh_from_db()
    assert pickle.loads(pickle.dumps(twin)) == original
    unaudited = duplicate(build())
    assert duplicate(original).__dict__.keys() == unaudited.__dict__.keys()


@pytest.mark.parametrize("duplicate", COPIES)
def test_a_copied_queryset_works_in_and_out_of_the_scope(duplicate: Callable[[Any], Any]) -> None:
    with Recording():
        books = Book.objects.order_by("pk")
        expected = [book.pk for book in books]
        twin = duplicate(books)
        assert [book.pk for book in twin] == expected
    assert [book.pk for book in twin.all()] == expected


def test_a_copied_query_is_picklable() -> None:
    with Recording() as seen:
        books = Book.objects.filter(stock__gte=0)
        fresh = Book.objects.all()
        fresh.query = pickle.loads(pickle.dumps(books.query))
        assert [book.pk for book in fresh] == [book.pk for book in books]
    assert str(fresh.query) == str(books.query)
    assert not seen.errors
    assert len(seen.queries) == 2


BLOCKED = """
    import pickle, sys, os

    class Blocker:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "queryaudit":
                raise ImportError(name + " is not installed here")

    sys.meta_path.insert(0, Blocker())
    assert not any(name.startswith("queryaudit") for name in sys.modules)
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.postgres",
            "sample_app.shop",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    import django

    django.setup()
    instances, rows, queryset = pickle.load(sys.stdin.buffer)
    print([book.author.name for book in instances])
    print([book.title for book in rows])
    print(queryset.query.model.__name__, len(queryset._result_cache or rows))
    modes = {type(getattr(b._state, "fetch_mode", None)).__module__ for b in instances}
    assert modes <= {"django.db.models.fetch_modes", "builtins"}, modes
"""


def test_what_an_audited_process_pickles_is_read_where_queryaudit_is_not_installed() -> None:
    with Recording():
        instances = list(Book.objects.select_related("author").prefetch_related("tags"))
        lazily = list(Book.objects.order_by("pk"))
        names = [book.author.name for book in instances]
        queryset = Author.objects.first().books.all()
        count = len(queryset)
        dumped = pickle.dumps((instances, lazily, queryset))
    assert b"queryaudit." not in dumped
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BLOCKED)],
        input=dumped,
        capture_output=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines() == [
        str(names),
        str([book.title for book in lazily]),
        f"Book {count}",
    ]


def test_an_instance_kept_from_an_earlier_scope_still_knows_its_path() -> None:
    with Recording():
        kept = Book.objects.first()
    with Recording() as seen:
        kept.author.publisher.name
    assert len(seen.queries) == 2
    assert not seen.errors
    for query in seen.queries:
        access = seen.access(query)
        assert access is not None
        assert access.origin is None or seen.origin(query) is not None


def test_no_instance_is_kept_alive_by_an_audit() -> None:
    with Recording() as seen:
        books = list(Book.objects.prefetch_related("tags").select_related("publisher"))
        authors = [book.author for book in books]
        references = [weakref.ref(row) for row in (*books, *authors)]
    del books, authors
    gc.collect()
    assert [reference() for reference in references if reference() is not None] == []
    assert seen.queries


def test_no_queryset_is_kept_alive_by_an_audit() -> None:
    with Recording() as seen:
        books = Book.objects.filter(stock__gte=0)
        list(books)
        reference = weakref.ref(books)
    del books
    gc.collect()
    assert reference() is None
    assert seen.queries


@pytest.mark.django_db(databases=["default", "other"])
def test_an_instance_may_be_used_by_another_thread() -> None:
    found: list[Any] = []
    with Recording() as seen:
        books = list(Book.objects.order_by("pk"))

        def work() -> None:
            found.extend(lineage_of(book) for book in books)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(found) == len(books)
    assert len({id(lineage) for lineage in found}) == 1
    assert found[0].origin in seen.session.hub.tables.origins


async def _lazily() -> None:
    async for book in Book.objects.order_by("pk"):
        await sync_to_async(lambda book=book: book.author.publisher)()
        [tag async for tag in book.tags.all()]
        await book.reviews.acount()


def test_asynchronous_iteration_keeps_the_path() -> None:
    with Recording() as seen:
        async_to_sync(_lazily)()
    count = Book.objects.count()
    assert seen.paths == {
        None: 1,
        "Book.author": count,
        "Book.author__publisher": count,
        "Book.tags": count,
        "Book.reviews": count,
    }


async def _in_chunks() -> None:
    async for book in Book.objects.order_by("pk").aiterator(2):
        await sync_to_async(lambda book=book: book.author)()


def test_asynchronous_chunks_keep_the_path() -> None:
    with Recording() as seen:
        async_to_sync(_in_chunks)()
    assert seen.paths["Book.author"] == Book.objects.count()


def test_two_querysets_walked_in_step_keep_their_rows_apart() -> None:
    with Recording() as seen:
        books = Book.objects.iterator(chunk_size=2)
        reviews = Review.objects.iterator(chunk_size=2)
        for book, review in zip_longest(books, reviews):
            if book is None or review is None:
                continue
            book.author
            review.customer
    assert {"Book.author", "Review.customer"} == {path for path in seen.paths if path}


def test_joined_rows_of_two_querysets_walked_in_step_keep_their_rows_apart() -> None:
    with Recording() as seen:
        books = Book.objects.select_related("author").iterator(chunk_size=2)
        reviews = Review.objects.select_related("book").iterator(chunk_size=2)
        for book, review in zip_longest(books, reviews):
            if book is None or review is None:
                continue
            book.author.publisher
            review.book.category
    found = {path for path in seen.paths if path}
    assert found == {"Book.+author__publisher", "Review.+book__category"}


def test_created_and_refreshed_rows_have_no_path_of_another_queryset() -> None:
    author = Author.objects.first()
    with Recording() as seen:
        fresh = Author(name="New", publisher_id=author.publisher_id)
        fresh.save()
        fresh.refresh_from_db()
        fresh.publisher
    assert lineage_of(fresh) is None or seen.origin(seen.queries[-1]) is not None
    assert not seen.errors
