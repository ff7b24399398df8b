"""Views whose SQL is put together with what should be a parameter, or be checked."""

# ruff: noqa: ARG001, UP030, UP031 - as many ways as people have

from __future__ import annotations

import json
from string import Template
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.db.models import F, FloatField, Func
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.views import View
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.raw_sql.names import by_title
from sample_app.shop.models import Book


def rows(sql: str, params: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def f_string(request: HttpRequest) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT title FROM shop_book WHERE title = '{request.GET['q']}'")
        return cursor.fetchall()


def percent(request: HttpRequest) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM shop_book WHERE title = '%s'" % request.GET["q"])
        return cursor.fetchall()


def percent_mapping(request: HttpRequest) -> Any:
    sql = "SELECT title FROM shop_book WHERE title = '%(title)s'" % {"title": request.GET["q"]}
    return rows(sql)


def format_method(request: HttpRequest) -> Any:
    return rows("SELECT title FROM shop_book WHERE title = '{0}'".format(request.GET["q"]))


def format_keyword(request: HttpRequest) -> Any:
    sql = "SELECT title FROM shop_book WHERE title = '{title}'"
    return rows(sql.format(title=request.GET["q"]))


def plus(request: HttpRequest) -> Any:
    return rows("SELECT title FROM shop_book WHERE title = '" + request.GET["q"] + "'")


def plus_equals(request: HttpRequest) -> Any:
    sql = "SELECT title FROM shop_book WHERE pages > 0"
    sql += " AND title = '" + request.GET["q"] + "'"
    return rows(sql)


def join(request: HttpRequest) -> Any:
    conditions = ["pages > 0"]
    for name in ("title", "slug"):
        conditions.append(f"{name} <> '{request.GET['q']}'")
    return rows("SELECT title FROM shop_book WHERE " + " AND ".join(conditions))


def replace(request: HttpRequest) -> Any:
    sql = "SELECT title FROM shop_book WHERE title = 'TITLE'".replace("TITLE", request.GET["q"])
    return rows(sql)


def template(request: HttpRequest) -> Any:
    sql = Template("SELECT title FROM shop_book WHERE title = '$title'")
    text = Template("SELECT title FROM shop_book WHERE title = '$title'").substitute(
        title=request.GET["q"]
    )
    return rows(text) if sql else None


def stripped(request: HttpRequest) -> Any:
    word = request.GET.get("q", "").strip().lower()
    return rows(f"SELECT title FROM shop_book WHERE LOWER(title) LIKE '%{word}%'")


def posted(request: HttpRequest) -> Any:
    word = request.POST["q"]
    return rows(f"SELECT title FROM shop_book WHERE title = '{word}'")


def json_body(request: HttpRequest) -> Any:
    data = json.loads(request.body)
    return rows("SELECT title FROM shop_book WHERE title = '{}'".format(data["q"]))


def path_part(request: HttpRequest, slug: str) -> Any:
    return rows(f"SELECT title FROM shop_book WHERE slug = '{slug}'")


def header(request: HttpRequest) -> Any:
    return rows(f"SELECT title FROM shop_book WHERE title <> '{request.headers['X-Tenant']}'")


def cookie(request: HttpRequest) -> Any:
    return rows(f"SELECT title FROM shop_book WHERE title <> '{request.COOKIES['lang']}'")


def raw(request: HttpRequest) -> Any:
    books = Book.objects.raw(f"SELECT * FROM shop_book WHERE title = '{request.GET['q']}'")
    return [book.title for book in books]


def extra_where(request: HttpRequest) -> Any:
    books = Book.objects.extra(where=["title = '%s'" % request.GET["q"]])
    return [book.title for book in books]


def extra_select(request: HttpRequest) -> Any:
    books = Book.objects.extra(select={"hit": "title = '{}'".format(request.GET["q"])})
    return [book.title for book in books]


def raw_sql(request: HttpRequest) -> Any:
    hit = RawSQL(f"title = '{request.GET['q']}'", [])
    return [book.title for book in Book.objects.annotate(hit=hit)]


def func_template(request: HttpRequest) -> Any:
    name = request.GET["function"]
    rounded = Func(F("price"), template=f"{name}(%(expressions)s)", output_field=FloatField())
    return [str(book.rounded) for book in Book.objects.annotate(rounded=rounded)]


def order(request: HttpRequest) -> Any:
    return rows("SELECT title FROM shop_book ORDER BY " + request.GET["sort"])


def order_of_queryset(request: HttpRequest) -> Any:
    return [book.title for book in Book.objects.order_by(request.GET["sort"])]


def table(request: HttpRequest) -> Any:
    return rows(f"SELECT COUNT(*) FROM {request.GET['table']}")


def direction(request: HttpRequest) -> Any:
    return rows(f"SELECT title FROM shop_book ORDER BY title {request.GET['direction']}")


def imported_helper(request: HttpRequest) -> Any:
    return rows(by_title(request.GET["q"]))


def other_connection(request: HttpRequest) -> Any:
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT title FROM shop_book WHERE title = '{request.GET['q']}'")
        return cursor.fetchall()


def in_list(request: HttpRequest) -> Any:
    names = ", ".join("'%s'" % name for name in request.GET["q"].split(","))
    return rows(f"SELECT title FROM shop_book WHERE title IN ({names})")


def branch(request: HttpRequest) -> Any:
    if request.GET.get("q"):
        sql = "SELECT title FROM shop_book WHERE title = '" + request.GET["q"] + "'"
    else:
        sql = "SELECT title FROM shop_book"
    return rows(sql)


class OfClass(View):
    """A method builds the text, another runs it."""

    def get(self, request: HttpRequest) -> Any:
        return rows(self.sql())

    def sql(self) -> str:
        return f"SELECT title FROM shop_book WHERE title = '{self.request.GET['q']}'"


class OfRestFramework(APIView):
    """Data that the framework parsed."""

    def post(self, request: Any) -> Response:
        word = request.data["q"]
        return Response(rows(f"SELECT title FROM shop_book WHERE title = '{word}'"))


async def asynchronous(request: HttpRequest) -> Any:
    return await sync_to_async(rows)(
        f"SELECT title FROM shop_book WHERE title = '{request.GET['q']}'"
    )


def of_ninja(request: HttpRequest, q: str) -> Any:
    return [list(row) for row in rows(f"SELECT title FROM shop_book WHERE title = '{q}'")]
