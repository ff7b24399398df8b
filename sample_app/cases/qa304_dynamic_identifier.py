"""QA304: names in SQL that come from outside the source."""

# ruff: noqa: UP032 - every way to put a text together

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.db.models import F, FloatField, Func
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings
from django.urls import path

from sample_app.shop.models import Book

#: What the views ask for is a whole table, on purpose.
OPTIONS = {"ignore": ["QA201"]}

Row = tuple[object, ...]
SORTS = ("title", "-title", "price")


def _rows(sql: str) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _column() -> str:
    """A name as it would come from a file of settings or a user."""
    return "".join(["pri", "ce"])


def _name(*letters: str) -> str:
    return "".join(reversed(letters))


def bad() -> list[Row]:
    """The column to sort by is an argument that a dict of options brings."""
    options = {"sort": _name("e", "c", "i", "r", "p")}
    return _sorted_by(**options)


def _sorted_by(sort: str) -> list[Row]:
    return _rows(f"SELECT id FROM shop_book ORDER BY {sort}, id")


def good() -> list[Row]:
    """The same column, looked up."""
    columns = {"price": "price", "title": "title"}
    return _rows(f"SELECT id FROM shop_book ORDER BY {columns['price']}, id")


def bad_table() -> list[Row]:
    """A table's name."""
    options = {"table": _name("k", "o", "o", "b", "_", "p", "o", "h", "s")}
    return _count(**options)


def _count(table: str) -> list[Row]:
    return _rows("SELECT COUNT(*) FROM {}".format(table))


def bad_order_of_request() -> list[str]:
    """Whoever asks chooses the column to sort by."""
    return _served(lambda client: client.get("/ordered", {"sort": "price"}))


def bad_function() -> list[Book]:
    """A function's name in a template."""
    options = {"function": _name("D", "N", "U", "O", "R")}
    return _rounded(**options)


def _rounded(function: str) -> list[Book]:
    rounded = Func(F("price"), template=f"{function}(%(expressions)s)", output_field=FloatField())
    return list(Book.objects.annotate(rounded=rounded))


def ordered(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by(request.GET["sort"], "pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def ordered_checked(request: HttpRequest) -> JsonResponse:
    sort = request.GET["sort"]
    if sort not in SORTS:
        sort = "title"
    books = Book.objects.order_by(sort, "pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


urlpatterns = [path("ordered", ordered), path("ordered-checked", ordered_checked)]


def _served(ask: Callable[[Client], object]) -> list[str]:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[]):
        response = ask(Client())
    return list(response.json()["titles"])  # type: ignore[attr-defined]


def good_order_of_request() -> list[str]:
    """The sort key is compared with a list."""
    return _served(lambda client: client.get("/ordered-checked", {"sort": "price"}))


def good_quoted() -> list[Row]:
    """The backend quotes the name."""
    name = connection.ops.quote_name(_column())
    return _rows(f"SELECT id FROM shop_book ORDER BY {name}, id")


def good_validated() -> list[Row]:
    """The name was compared with the model's fields."""
    column = _column()
    if column not in {field.name for field in Book._meta.get_fields()}:
        raise ValueError(column)
    return _rows(f"SELECT id FROM shop_book ORDER BY {column}, id")


def good_order_by_constant() -> list[Book]:
    """A sort order of the source."""
    return [book for sort in SORTS for book in Book.objects.order_by(sort)]


def good_function() -> list[Book]:
    """A function of the source."""
    rounded = Func(F("price"), function="ROUND", output_field=FloatField())
    return list(Book.objects.annotate(rounded=rounded))


def good_column_of_model() -> list[Row]:
    """The model's own columns."""
    columns = ", ".join(field.column for field in Book._meta.concrete_fields)
    return _rows(f"SELECT {columns} FROM {Book._meta.db_table}")
