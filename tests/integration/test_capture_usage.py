"""Deep mode: what is read of rows is seen, and nothing else changes."""

from __future__ import annotations

import copy
import pickle

import pytest
from django.db import connection
from django.db.models.query_utils import DeferredAttribute
from django.test.utils import CaptureQueriesContext

from queryaudit.records.events import Usage
from sample_app.shop.models import Author, Book
from tests.integration.recording import Recording

pytestmark = pytest.mark.django_db


def usages(seen: Recording) -> dict[tuple[str, ...], Usage]:
    found = [event for event in seen.events.occurrences if isinstance(event, Usage)]
    return {tuple(step.name for step in usage.path): usage for usage in found}


def test_columns_and_relations_that_are_read_are_told_by_path(shop: None) -> None:
    with Recording(deep=True) as seen:
        for book in Book.objects.select_related("author", "publisher").prefetch_related("tags"):
            book.author.name, book.price  # noqa: B018
    told = usages(seen)
    assert set(told) == {(), ("author",), ("publisher",), ("tags",)}
    assert told[()].columns == ("id", "price")
    assert told[()].relations == ("author",)
    assert told[()].rows == Book.objects.count()
    assert told["author",].columns == ("name",)
    assert told["publisher",].columns == ()
    assert seen.errors == {}


def test_the_columns_that_were_asked_for_are_told(shop: None) -> None:
    with Recording(deep=True) as seen:
        list(Book.objects.only("title"))
        list(Author.objects.defer("born"))
    loaded = [event.loaded for event in seen.events.occurrences if isinstance(event, Usage)]
    assert loaded == [("id", "title"), ("id", "name", "publisher_id")]


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy])
def test_rows_that_leave_are_told(shop: None, leave: object) -> None:
    with Recording(deep=True) as seen:
        for book in Book.objects.all():
            leave(book)  # type: ignore[operator]
    assert usages(seen)[()].whole


def test_a_row_that_is_read_after_its_unit_of_work_speaks_in_the_next(shop: None) -> None:
    with Recording(deep=True) as outer:
        with Recording(deep=True):
            books = list(Book.objects.all())
        books[0].description  # noqa: B018
    late = [event for event in outer.events.occurrences if isinstance(event, Usage)]
    assert [usage.columns for usage in late if usage.evaluations == 0] == [("description",)]


def test_models_behave_as_they_do_without_it(shop: None) -> None:
    def work() -> object:
        book = Book.objects.defer("description").order_by("pk")[0]
        read = [book.title, book.description, book.author_id, book.author.name]
        book.title = "changed"
        book.refresh_from_db()
        del book.pages
        missing = "pages" in book.__dict__
        read += [book.pages, missing, sorted(vars(book)), book.get_deferred_fields()]
        with pytest.raises(AttributeError):
            del book.no_such_column
        book.__dict__.pop("pages")
        with pytest.raises(AttributeError):
            del book.pages
        return [*read, Book(title="new").title, pickle.loads(pickle.dumps(book)).title]

    with CaptureQueriesContext(connection) as plain:
        expected = work()
    with Recording(deep=True) as seen, CaptureQueriesContext(connection) as deep:
        assert work() == expected
    assert [q["sql"] for q in deep] == [q["sql"] for q in plain]
    assert seen.errors == {}


def test_a_column_that_was_read_before_is_seen_by_code_that_the_interpreter_adapted(
    shop: None,
) -> None:
    def titles() -> list[str]:
        return [book.title for book in Book.objects.all()]

    for _ in range(50):
        titles()
    with Recording(deep=True) as seen:
        titles()
    assert "title" in usages(seen)[()].columns


def test_nothing_of_it_is_left(shop: None) -> None:
    before = dict(vars(DeferredAttribute))
    with Recording(deep=True):
        assert "__set__" in vars(DeferredAttribute)
    assert dict(vars(DeferredAttribute)) == before
    with Recording() as seen:
        [book.title for book in Book.objects.all()]
    assert usages(seen) == {}
