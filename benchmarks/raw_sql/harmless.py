"""Views whose SQL is put together as well, of parts that nobody else can choose."""

# ruff: noqa: ARG001, UP031, UP032 - as many ways as people have

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, FloatField, Func
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.views import View
from psycopg import sql as composable

from benchmarks.raw_sql import names
from benchmarks.raw_sql.names import BASE, BOOKS, FIELDS, SORTS, Direction, in_list
from sample_app.shop.models import Book, Order

QUERIES = {"all": "SELECT title FROM shop_book", "some": "SELECT title FROM shop_book LIMIT 3"}


def rows(sql: Any, params: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def bound(request: HttpRequest) -> Any:
    return rows("SELECT title FROM shop_book WHERE title = %s", [request.GET["q"]])


def bound_by_name(request: HttpRequest) -> Any:
    return rows("SELECT title FROM shop_book WHERE title = %(q)s", {"q": request.GET["q"]})


def constant_table(request: HttpRequest) -> Any:
    return rows(f"SELECT title FROM {BOOKS} WHERE title = %s", [request.GET["q"]])


def constant_of_module(request: HttpRequest) -> Any:
    return rows("SELECT title FROM %s" % names.BOOKS)


def added_constants(request: HttpRequest) -> Any:
    return rows(BASE + " WHERE title = %s" + " ORDER BY title", [request.GET["q"]])


def placeholders(request: HttpRequest) -> Any:
    wanted = request.GET["q"].split(",")
    marks = ", ".join(["%s"] * len(wanted))
    return rows(f"SELECT title FROM shop_book WHERE title IN ({marks})", wanted)


def placeholders_of_generator(request: HttpRequest) -> Any:
    wanted = request.GET["q"].split(",")
    sql = "SELECT title FROM shop_book WHERE title IN ({})".format(",".join("%s" for _ in wanted))
    return rows(sql, wanted)


def placeholders_of_helper(request: HttpRequest) -> Any:
    wanted = request.GET["q"].split(",")
    return rows(f"{BASE} WHERE title IN ({in_list(len(wanted))})", wanted)


def looked_up(request: HttpRequest) -> Any:
    return rows(f"{BASE} ORDER BY {SORTS[request.GET['sort']]}")


def looked_up_or_default(request: HttpRequest) -> Any:
    return rows(f"{BASE} ORDER BY {SORTS.get(request.GET['sort'], 'id')}")


def checked(request: HttpRequest) -> Any:
    sort = request.GET["sort"]
    if sort not in FIELDS:
        raise ValueError(sort)
    return rows(f"{BASE} ORDER BY {sort}")


def checked_inside(request: HttpRequest) -> Any:
    sort = request.GET["sort"]
    sql = BASE
    if sort in FIELDS:
        sql += f" ORDER BY {sort}"
    return rows(sql)


def enumeration(request: HttpRequest) -> Any:
    way = Direction.DOWN if request.GET.get("down") else Direction.UP
    return rows(f"{BASE} ORDER BY title {way.value}")


def choice_of_model(request: HttpRequest) -> Any:
    return rows(f"SELECT id FROM shop_order WHERE status = '{Order.Status.OPEN}'")


def one_of_two(request: HttpRequest) -> Any:
    way = "DESC" if request.GET.get("down") else "ASC"
    return rows("SELECT title FROM shop_book ORDER BY title %s" % way)


def number(request: HttpRequest) -> Any:
    return rows(f"{BASE} ORDER BY id LIMIT {int(request.GET['limit'])}")


def number_by_format(request: HttpRequest) -> Any:
    return rows("SELECT title FROM shop_book ORDER BY id LIMIT %d" % int(request.GET["limit"]))


def quoted_name(request: HttpRequest) -> Any:
    name = connection.ops.quote_name(request.GET["sort"])
    return rows(f"{BASE} ORDER BY {name}")


def composed(request: HttpRequest) -> Any:
    name = composable.Identifier(request.GET["sort"])
    return rows(composable.SQL("SELECT title FROM shop_book ORDER BY {}").format(name))


def own_table(request: HttpRequest) -> Any:
    return rows(f"SELECT title FROM {Book._meta.db_table} WHERE title = %s", [request.GET["q"]])


def own_columns(request: HttpRequest) -> Any:
    columns = ", ".join(field.column for field in Book._meta.concrete_fields)
    return rows("SELECT {} FROM shop_book".format(columns))


def conditions(request: HttpRequest) -> Any:
    where, params = ["pages > %s"], [0]
    if request.GET.get("q"):
        where.append("title = %s")
        params.append(request.GET["q"])
    return rows("SELECT title FROM shop_book WHERE " + " AND ".join(where), params)


def loop_over_tables(request: HttpRequest) -> Any:
    return [rows(f"SELECT COUNT(*) FROM {table}") for table in ("shop_book", "shop_author")]


def constant_argument(request: HttpRequest) -> Any:
    return count("shop_book")


def count(table: str) -> Any:
    return rows(f"SELECT COUNT(*) FROM {table}")


def constant_query(request: HttpRequest) -> Any:
    return rows(QUERIES["some" if request.GET.get("q") else "all"])


def of_file(request: HttpRequest) -> Any:
    return rows(Path(__file__).with_name("books.sql").read_text(encoding="utf-8"))


def of_settings(request: HttpRequest) -> Any:
    return rows(f"{BASE} WHERE title <> '{settings.LANGUAGE_CODE}'")


def raw(request: HttpRequest) -> Any:
    books = Book.objects.raw(f"SELECT * FROM {BOOKS} WHERE title = %s", [request.GET["q"]])
    return [book.title for book in books]


def extra(request: HttpRequest) -> Any:
    books = Book.objects.extra(where=["title = %s"], params=[request.GET["q"]])
    return [book.title for book in books]


def raw_sql(request: HttpRequest) -> Any:
    hit = RawSQL("title = %s", [request.GET["q"]])
    return [book.title for book in Book.objects.annotate(hit=hit)]


def function(request: HttpRequest) -> Any:
    rounded = Func(F("price"), function="ROUND", output_field=FloatField())
    return [str(book.rounded) for book in Book.objects.annotate(rounded=rounded)]


def order_of_queryset(request: HttpRequest) -> Any:
    sort = request.GET["sort"]
    return [book.title for book in Book.objects.order_by(sort if sort in FIELDS else "id")]


class OfClass(View):
    """A class that names its table."""

    table = "shop_book"

    def get(self, request: HttpRequest) -> Any:
        return rows(f"SELECT title FROM {self.table} WHERE title = %s", [request.GET["q"]])
