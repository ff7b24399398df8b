"""Libraries that watch queries, as monitoring and debugging tools do, ask none of them."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.http import HttpRequest, HttpResponse

import queryaudit
from sample_app.shop.models import Book
from tests.rules.test_whole_tables import findings_of

pytestmark = pytest.mark.usefixtures("shop")

_INSTALLED = """
def around(original):
    def {name}(*args, **kwargs):
        return traced(original, args, kwargs)
    return {name}

def traced(original, args, kwargs):
    return original(*args, **kwargs)

def all_titles(cursor):
    cursor.execute("SELECT title FROM shop_book")
    return cursor.fetchall()
"""


def installed(name: str = "execute", package: str = "watcher") -> dict[str, Any]:
    """The functions of a module as if it were installed; ``around`` wraps under that name."""
    path = os.path.join(sysconfig.get_path("purelib"), package, "__init__.py")
    module: dict[str, Any] = {"__name__": package}
    exec(compile(_INSTALLED.format(name=name), path, "exec"), module)
    return module


Watch = tuple[type, str, str, str]

#: What such libraries replace, by a function of which name, and of which package.
WATCHED: list[Watch] = [
    (CursorWrapper, "execute", "execute", "watcher"),
    (CursorWrapper, "_execute", "record", "watcher"),
    (SQLCompiler, "execute_sql", "execute_sql", "watcher"),
    (CursorWrapper, "execute", "sentry_patched", "sentry_sdk"),
    (SQLCompiler, "execute_sql", "patched", "nplusone"),
]


@pytest.fixture(params=WATCHED, ids=lambda watch: f"{watch[0].__name__}.{watch[1]} by {watch[2]}")
def watched(request: pytest.FixtureRequest) -> Iterator[None]:
    owner, method, name, package = request.param
    original = owner.__dict__[method]
    setattr(owner, method, installed(name, package)["around"](original))
    try:
        yield
    finally:
        setattr(owner, method, original)


def of_the_orm(request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(book.title for book in Book.objects.all()))


def of_a_cursor(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM shop_book")
        return HttpResponse("".join(title for (title,) in cursor.fetchall()))


def of_a_library(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        return HttpResponse("".join(title for (title,) in installed()["all_titles"](cursor)))


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("view", [of_the_orm, of_a_cursor])
def test_who_watches_a_query_did_not_ask_for_it(
    view: Callable[[HttpRequest], HttpResponse],
) -> None:
    [finding] = findings_of(view)
    assert finding.location is not None
    assert finding.location.path.endswith("test_watched_queries.py")


@pytest.mark.usefixtures("watched")
def test_a_library_that_asks_is_told_from_one_that_watches() -> None:
    assert findings_of(of_a_library) == []


@pytest.mark.usefixtures("watched")
def test_a_loop_is_found_below_who_watches() -> None:
    with queryaudit.audit() as audited:
        for book in Book.objects.all():
            assert book.author.name
    [finding] = [f for f in audited.findings if f.rule == "QA101"]
    assert finding.fix is not None
    assert "select_related" in finding.fix.code


def test_a_compiler_that_the_project_wraps_did_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    original = SQLCompiler.execute_sql

    def execute_sql(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self, *args, **kwargs)

    monkeypatch.setattr(SQLCompiler, "execute_sql", execute_sql)
    with queryaudit.audit() as audited:
        for title in ["one", "two", "three"]:
            Book.objects.filter(title=title.upper()).first()
        for number in Book.objects.values_list("pk", flat=True):
            Book.objects.get(pk=number)
    [finding] = [f for f in audited.findings if f.rule == "QA103"]
    assert finding.location.function == "test_a_compiler_that_the_project_wraps_did_not_ask"
    assert finding.location.source == "Book.objects.get(pk=number)"
