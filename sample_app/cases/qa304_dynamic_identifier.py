"""QA304: names in SQL that come from outside the source."""

# ruff: noqa: UP032 - every way to put a text together

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.db.models import Count, F, FloatField, Func
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


def ordered_or_not(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by(request.GET.get("sort", "title"), "pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def ordered_by_list(request: HttpRequest) -> JsonResponse:
    columns = {"cheap": "price", "new": "-published_on"}
    books = Book.objects.order_by(columns.get(request.GET["sort"], "title"), "pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def found_by(request: HttpRequest) -> JsonResponse:
    books = Book.objects.filter(**{request.GET["by"]: request.GET["value"]}).order_by("pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def searched_by(request: HttpRequest) -> JsonResponse:
    given = {f"{request.GET['by']}__icontains": request.GET["value"]}
    books = Book.objects.filter(**given).order_by("pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def found_by_names(request: HttpRequest) -> JsonResponse:
    given = {f"{name}__icontains": value for name, value in request.GET.items() if value}
    books = Book.objects.filter(**given).order_by("pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def found_by_all(request: HttpRequest) -> JsonResponse:
    books = Book.objects.filter(**request.GET.dict()).order_by("pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def found_by_known_names(request: HttpRequest) -> JsonResponse:
    given = {name: value for name, value in request.GET.items() if name in ("slug", "title")}
    books = Book.objects.filter(**given).order_by("pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def found_by_own_names(request: HttpRequest) -> JsonResponse:
    names = ("slug", "title")
    books = Book.objects.filter(
        **{name: request.GET[name] for name in names if name in request.GET}
    )
    return JsonResponse({"titles": [book.title for book in books.order_by("pk")[:5]]})


def found_by_checked(request: HttpRequest) -> JsonResponse:
    by = request.GET["by"]
    if by not in ("slug", "title"):
        by = "title"
    books = Book.objects.filter(**{by: request.GET["value"]}).order_by("pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def found_by_title(request: HttpRequest) -> JsonResponse:
    books = Book.objects.filter(title=request.GET["value"]).order_by("pk")[:5]
    return JsonResponse({"titles": [book.title for book in books]})


def grouped(request: HttpRequest) -> JsonResponse:
    rows = Book.objects.order_by().values(request.GET["by"]).annotate(n=Count("pk"))[:5]
    return JsonResponse({"titles": [str(row["n"]) for row in rows]})


def grouped_checked(request: HttpRequest) -> JsonResponse:
    by = request.GET["by"]
    if by not in ("stock", "pages"):
        by = "pages"
    rows = Book.objects.order_by().values(by).annotate(n=Count("pk"))[:5]
    return JsonResponse({"titles": [str(row["n"]) for row in rows]})


_VIEWS = (
    *(ordered, ordered_checked, ordered_or_not, ordered_by_list, grouped, grouped_checked),
    *(found_by, searched_by, found_by_checked, found_by_title),
    *(found_by_names, found_by_all, found_by_known_names, found_by_own_names),
)
urlpatterns = [path(view.__name__.replace("_", "-"), view) for view in _VIEWS]


def _served(ask: Callable[[Client], object]) -> list[str]:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[]):
        response = ask(Client())
    return list(response.json()["titles"])  # type: ignore[attr-defined]


def bad_order_of_request_or_none() -> list[str]:
    """The same where the request need not say it."""
    return _served(lambda client: client.get("/ordered-or-not", {"sort": "price"}))


def bad_filter_of_request() -> list[str]:
    """Whoever asks chooses the column, over any relation, and so learns what it holds."""
    given = {"by": "author__name", "value": "Ada"}
    return _served(lambda client: client.get("/found-by", given))


def bad_lookup_of_request() -> list[str]:
    """How it is compared stands in the source, the column does not."""
    given = {"by": "author__name", "value": "an"}
    return _served(lambda client: client.get("/searched-by", given))


def bad_names_of_request() -> list[str]:
    """Whoever asks names the parameters, and each name is a column."""
    return _served(lambda client: client.get("/found-by-names", {"author__name": "an"}))


def bad_all_of_request() -> list[str]:
    """The parameters as they are, names and all."""
    return _served(lambda client: client.get("/found-by-all", {"stock": "3"}))


def good_known_names_of_request() -> list[str]:
    """Of the parameters those whose names are known are taken."""
    return _served(lambda client: client.get("/found-by-known-names", {"title": "A", "x": "1"}))


def good_own_names() -> list[str]:
    """The names stand in the source."""
    return _served(lambda client: client.get("/found-by-own-names", {"title": "A"}))


def bad_values_of_request() -> list[str]:
    """Whoever asks chooses the column to group by."""
    return _served(lambda client: client.get("/grouped", {"by": "stock"}))


def good_filter_of_request() -> list[str]:
    """The column is compared with a list."""
    return _served(lambda client: client.get("/found-by-checked", {"by": "title", "value": "A"}))


def good_value_like_a_column() -> list[str]:
    """A value that is compared may be a column's name by chance."""
    return _served(lambda client: client.get("/found-by-title", {"value": "title"}))


def good_values_of_request() -> list[str]:
    """The column to group by is compared with a list."""
    return _served(lambda client: client.get("/grouped-checked", {"by": "stock"}))


def good_order_looked_up() -> list[str]:
    """The request names an order, and a dict says which one it is."""
    return _served(lambda client: client.get("/ordered-by-list", {"sort": "cheap"}))


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
