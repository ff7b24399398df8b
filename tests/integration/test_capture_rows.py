"""Rows that were really fetched, on both databases, and the time that building them took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from queryaudit.records.kinds import FetchKind
from sample_app.shop.models import Author, Book, Publisher
from tests.integration.recording import Recording

pytestmark = pytest.mark.django_db
RAW = "SELECT * FROM shop_book ORDER BY id"


def read(how: Callable[[Any], Iterable[object]], limit: int = 1000) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_book LIMIT %s", [limit])
        for _ in how(cursor):
            pass


def one_by_one(cursor: Any) -> Iterable[object]:
    while (row := cursor.fetchone()) is not None:
        yield row


def in_blocks(cursor: Any) -> Iterable[object]:
    while rows := cursor.fetchmany(4):
        yield from rows


WAYS: dict[str, tuple[FetchKind, Callable[[], object]]] = {
    "instances": (FetchKind.ORM, lambda: list(Book.objects.all())),
    "iterator": (FetchKind.ORM, lambda: list(Book.objects.iterator(chunk_size=4))),
    "values": (FetchKind.ORM, lambda: list(Book.objects.values("id"))),
    "values_list": (FetchKind.ORM, lambda: list(Book.objects.values_list("id", flat=True))),
    "raw": (FetchKind.RAW, lambda: list(Book.objects.raw(RAW))),
    "fetchall": (FetchKind.CURSOR, lambda: read(lambda cursor: cursor.fetchall())),
    "fetchone": (FetchKind.CURSOR, lambda: read(one_by_one)),
    "fetchmany": (FetchKind.CURSOR, lambda: read(in_blocks)),
    "iterated cursor": (FetchKind.CURSOR, lambda: read(lambda cursor: cursor)),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_rows_of_each_way_to_read_are_counted(shop: None, way: str) -> None:
    kind, run = WAYS[way]
    books = Book.objects.count()
    with Recording() as seen:
        run()
    (query,) = seen.queries
    (fetch,) = seen.fetches
    assert (fetch.rows, fetch.kind, fetch.complete) == (books, kind, True)
    assert (fetch.query, fetch.sql, fetch.stack) == (query.seq, query.sql, query.stack)
    assert seen.errors == {}


@pytest.mark.parametrize(
    "run",
    [
        lambda: Book.objects.first(),
        lambda: Book.objects.count(),
        lambda: list(Book.objects.none()),
        lambda: list(Book.objects.filter(title="no such book")),
        lambda: Book.objects.update(stock=1),
        lambda: read(lambda cursor: cursor.fetchall(), 1),
    ],
    ids=["first", "count", "none", "empty", "update", "one row"],
)
def test_up_to_one_row_is_not_told(shop: None, run: Callable[[], object]) -> None:
    with Recording() as seen:
        run()
    assert seen.fetches == []
    assert seen.hydrations == []


def test_an_iterator_that_stops_early_tells_the_rows_that_came(shop: None) -> None:
    with Recording() as seen:
        rows = Book.objects.order_by("id").iterator(chunk_size=2)
        next(rows)
        rows.close()  # type: ignore[attr-defined]
    (fetch,) = seen.fetches
    assert fetch.rows >= 2
    assert not fetch.complete


def test_building_instances_is_told_apart_from_the_query_and_from_prefetches(shop: None) -> None:
    with Recording() as seen:
        list(Author.objects.prefetch_related("books"))
    authors, books = seen.queries
    assert {h.query: h.rows for h in seen.hydrations} == {
        authors.seq: Author.objects.count(),
        books.seq: Book.objects.count(),
    }
    assert all(hydration.duration_ns > 0 for hydration in seen.hydrations)


COPIES: dict[str, tuple[Callable[[], Iterable[object]], bool]] = {
    "condition": (lambda: Author.objects.filter(books__price__gt=0), True),
    "order": (lambda: Author.objects.order_by("books__title"), True),
    "values": (lambda: Author.objects.filter(books__price__gt=0).values("name", "pk"), True),
    "keys": (lambda: Author.objects.filter(books__price__gt=0).values_list("pk", flat=True), True),
    "generic": (lambda: Book.objects.filter(comments__isnull=False), True),
    "on a manager": (lambda: house().authors.filter(books__price__gt=0), True),
    "one to one": (lambda: Book.objects.select_related("author"), False),
    "no key": (lambda: Author.objects.filter(books__price__gt=0).values("name"), False),
    "distinct": (lambda: Author.objects.filter(books__price__gt=0).distinct(), False),
    "prefetch": (lambda: Book.objects.prefetch_related("tags"), False),
    "many-to-many manager": (lambda: tagged().tags.all(), False),
}


def house() -> Publisher:
    return Publisher.objects.filter(authors__books__isnull=False).order_by("pk")[0]


def tagged() -> Book:
    return Book.objects.annotate(number=Count("tags")).order_by("-number")[0]


@pytest.mark.parametrize("what", COPIES)
def test_copies_are_counted_where_a_join_may_make_some(shop: None, what: str) -> None:
    queryset, counted = COPIES[what]
    with Recording() as seen:
        rows = list(queryset())
    assert seen.errors == {}
    found = [hydration.different for hydration in seen.hydrations]
    if not counted:
        assert set(found) == {None}
        return
    keys = [getattr(r, "pk", r["pk"] if isinstance(r, dict) else r) for r in rows]
    assert found[-1] == len(set(keys)) <= len(keys)


def test_a_cursor_behaves_as_it_did(shop: None) -> None:
    with Recording(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_book ORDER BY id")
        first = cursor.fetchone()
        two = cursor.fetchmany(2)
        size = cursor.fetchmany(size=1)
        rest = cursor.fetchall()
        after = cursor.fetchone()
        cursor.execute("SELECT 7")
        again = cursor.fetchall()
    ids = [(pk,) for pk in Book.objects.order_by("id").values_list("id", flat=True)]
    assert [first, *two, *size, *rest] == ids
    assert after is None
    assert [tuple(row) for row in again] == [(7,)]
