"""QA302: a value of the request in the text of a statement. Each case serves a request."""

# ruff: noqa: UP031, UP032 - every way to put a text together

from __future__ import annotations

import json
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings
from django.urls import path

from sample_app.shop.models import Book

#: What the views ask for is a whole table, on purpose.
OPTIONS = {"ignore": ["QA201"]}

SORTS = {"title": "title", "price": "price DESC"}


def _titles(cursor_sql: str, params: list[object] | None = None) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute(cursor_sql, params)
        return JsonResponse({"titles": [row[0] for row in cursor.fetchall()]})


def search(request: HttpRequest) -> JsonResponse:
    q = request.GET["q"]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT title FROM shop_book WHERE title = '{q}'")
        return JsonResponse({"titles": [row[0] for row in cursor.fetchall()]})


def search_bound(request: HttpRequest) -> JsonResponse:
    q = request.GET["q"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM shop_book WHERE title = %s", [q])
        return JsonResponse({"titles": [row[0] for row in cursor.fetchall()]})


def form(request: HttpRequest) -> JsonResponse:
    word = request.POST.get("word", "").strip().lower()
    sql = "SELECT title FROM shop_book WHERE LOWER(title) LIKE '%" + word + "%'"
    return _titles(sql)


def pattern(request: HttpRequest) -> JsonResponse:
    sql = "SELECT title FROM shop_book WHERE title LIKE '%{}%'".format(request.GET["q"])
    return _titles(sql)


def body(request: HttpRequest) -> JsonResponse:
    wanted = json.loads(request.body)
    books = Book.objects.raw("SELECT * FROM shop_book WHERE title = '%s'" % wanted["title"])
    return JsonResponse({"titles": [book.title for book in books]})


def detail(request: HttpRequest, slug: str) -> JsonResponse:
    books = Book.objects.extra(where=["slug = '{}'".format(slug)])
    return JsonResponse({"titles": [book.title for book in books]})


def language(request: HttpRequest) -> JsonResponse:
    return _titles(f"SELECT title FROM shop_book WHERE title <> '{request.COOKIES['lang']}'")


def tenant(request: HttpRequest) -> JsonResponse:
    return _titles(f"SELECT title FROM shop_book WHERE title <> '{request.headers['X-Tenant']}'")


def by_number(request: HttpRequest) -> JsonResponse:
    return _titles(f"SELECT title FROM shop_book WHERE id = {request.GET['id']}")


def numbered(request: HttpRequest, number) -> JsonResponse:  # type: ignore[no-untyped-def]
    return _titles(f"SELECT title FROM shop_book WHERE id = {number}")


def sorted_books(request: HttpRequest) -> JsonResponse:
    order = SORTS.get(request.GET["sort"], "id")
    return _titles(f"SELECT title FROM shop_book ORDER BY {order} LIMIT 5")


def same_word(request: HttpRequest) -> JsonResponse:
    return _titles(f"SELECT title FROM {Book._meta.db_table} ORDER BY title LIMIT 5")


def page(request: HttpRequest) -> JsonResponse:
    start = int(request.GET["start"])
    return _titles(f"SELECT title FROM shop_book ORDER BY id LIMIT 3 OFFSET {start}")


def filtered(request: HttpRequest) -> JsonResponse:
    books = Book.objects.filter(title__icontains=request.GET["q"])
    return JsonResponse({"titles": [book.title for book in books]})


urlpatterns = [
    path("search", search),
    path("search-bound", search_bound),
    path("form", form),
    path("pattern", pattern),
    path("body", body),
    path("detail/<slug:slug>", detail),
    path("language", language),
    path("tenant", tenant),
    path("by-number", by_number),
    path("numbered/<int:number>", numbered),
    path("sorted", sorted_books),
    path("same-word", same_word),
    path("page", page),
    path("filtered", filtered),
]


def _served(ask: Callable[[Client], object]) -> list[str]:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[]):
        response = ask(Client())
    return list(response.json()["titles"])  # type: ignore[attr-defined]


def bad() -> list[str]:
    """A value of the query string."""
    return _served(lambda client: client.get("/search", {"q": "Harmless"}))


def good() -> list[str]:
    """The same value as a parameter."""
    return _served(lambda client: client.get("/search-bound", {"q": "Harmless"}))


def bad_form() -> list[str]:
    """A field of a form, in lower case."""
    return _served(lambda client: client.post("/form", {"word": " Harmless "}))


def bad_body() -> list[str]:
    """A value of a JSON body."""
    data = {"title": "Harmless"}
    return _served(lambda client: client.post("/body", data, content_type="application/json"))


def bad_path() -> list[str]:
    """A part of the path."""
    return _served(lambda client: client.get("/detail/harmless"))


def bad_cookie() -> list[str]:
    """A cookie."""

    def ask(client: Client) -> object:
        client.cookies["lang"] = "harmless"
        return client.get("/language")

    return _served(ask)


def bad_header() -> list[str]:
    """A header."""
    return _served(lambda client: client.get("/tenant", HTTP_X_TENANT="harmless"))


def good_looked_up() -> list[str]:
    """The value chooses among texts of the source, one of which it equals."""
    return _served(lambda client: client.get("/sorted", {"sort": "title"}))


def good_same_word() -> list[str]:
    """The value is a word of the statement by chance."""
    return _served(lambda client: client.get("/same-word", {"q": "shop_book", "by": "title"}))


def good_number() -> list[str]:
    """A number that was made one."""
    return _served(lambda client: client.get("/page", {"start": "1000"}))


def good_filter() -> list[str]:
    """The ORM binds what it is given."""
    return _served(lambda client: client.get("/filtered", {"q": "Harmless"}))


def good_nothing_asked() -> list[str]:
    """A request whose value meets no text."""
    return _served(lambda client: client.get("/sorted", {"sort": "unknown", "q": "ORDER BY"}))


def good_bound_header() -> list[str]:
    """Headers of any request, none of them in a text."""
    return _served(lambda client: client.get("/search-bound?q=title", HTTP_X_TENANT="shop_book"))


def good_form_elsewhere() -> list[str]:
    """A form that is sent to a view that does not use it."""
    return _served(lambda client: client.post("/same-word", {"table": "shop_book"}))


def bad_pattern() -> list[str]:
    """A value between the signs of a pattern."""
    return _served(lambda client: client.get("/pattern", {"q": "Harmless"}))


def bad_short() -> list[str]:
    """A value too short to be found by its letters: the source says where it comes from."""
    return _served(lambda client: client.get("/by-number", {"id": "1"}))


def good_converted() -> list[str]:
    """A part of the path that the URL pattern made a number of."""
    return _served(lambda client: client.get("/numbered/1"))
