"""QA301: SQL text that is put together with what should be a parameter."""

# ruff: noqa: UP031, UP032 - every way to put a text together

from __future__ import annotations

from pathlib import Path

from django.db import connection
from django.db.models import F, FloatField, Func
from django.db.models.expressions import RawSQL

from sample_app.shop.models import Book, Order

TABLE = "shop_book"
COLUMNS = {"title": "title", "price": "price"}
Row = tuple[object, ...]


def _titles(sql: str, params: list[object] | None = None) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _some_title() -> str:
    """A value as it would come from a form or a file."""
    return str(Book.objects.order_by("pk").values_list("title", flat=True)[0])


def bad() -> list[Row]:
    """A value in an f-string."""
    title = _some_title()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, title FROM shop_book WHERE title = '{title}'")
        return list(cursor.fetchall())


def good() -> list[Row]:
    """The same value as a parameter."""
    title = _some_title()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, title FROM shop_book WHERE title = %s", [title])
        return list(cursor.fetchall())


def bad_percent() -> list[Row]:
    """The percent operator puts the value in before the driver sees it."""
    title = _some_title()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, title FROM shop_book WHERE title = '%s'" % title)
        return list(cursor.fetchall())


def bad_format() -> list[Row]:
    """So does ``format()``."""
    title = _some_title()
    sql = "SELECT id, title FROM shop_book WHERE title = '{}'".format(title)
    return _titles(sql)


def bad_plus() -> list[Row]:
    """And adding texts up."""
    title = _some_title()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, title FROM shop_book WHERE title = '" + title + "'")
        return list(cursor.fetchall())


def bad_longer_and_longer() -> list[Row]:
    """A condition is appended to a statement that was fine."""
    title = _some_title()
    sql = "SELECT id, title FROM shop_book WHERE pages > 0"
    if title:
        sql += f" AND title = '{title}'"
    return _titles(sql)


def bad_pattern() -> list[Row]:
    """A pattern for LIKE."""
    word = _some_title().split()[0]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, title FROM shop_book WHERE title LIKE '%{word}%'")
        return list(cursor.fetchall())


def bad_joined_keys() -> list[Row]:
    """A list of keys is written out."""
    titles = list(Book.objects.order_by("pk").values_list("title", flat=True)[:3])
    listed = ", ".join(f"'{title}'" for title in titles)
    return _titles(f"SELECT id, title FROM shop_book WHERE title IN ({listed})")


def bad_raw() -> list[Book]:
    """``raw()`` takes parameters as well."""
    title = _some_title()
    return list(Book.objects.raw(f"SELECT * FROM shop_book WHERE title = '{title}'"))


def bad_extra() -> list[Book]:
    """A condition for ``extra()``."""
    title = _some_title()
    return list(Book.objects.extra(where=[f"title = '{title}'"]))


def bad_raw_expression() -> list[Book]:
    """``RawSQL`` with its value in the text."""
    found = RawSQL("CASE WHEN title = '%s' THEN 1 ELSE 0 END" % _some_title(), [])
    return list(Book.objects.annotate(found=found))


def bad_in_function() -> list[Row]:
    """A function puts the text together, another runs it."""
    return _titles(_by_title(_some_title()))


def _by_title(title: str) -> str:
    return f"SELECT id, title FROM shop_book WHERE title = '{title}'"


def good_constant() -> list[Row]:
    """A text that stands in the source."""
    return _titles("SELECT id, title FROM shop_book")


def good_constants_put_together() -> list[Row]:
    """Every part of the text stands in the source."""
    return _titles(f"SELECT id, title FROM {TABLE} WHERE pages > {0}")


def good_placeholders() -> list[Row]:
    """As many placeholders as there are values."""
    titles = list(Book.objects.order_by("pk").values_list("title", flat=True)[:3])
    marks = ", ".join(["%s"] * len(titles))
    return _titles(f"SELECT id, title FROM shop_book WHERE title IN ({marks})", titles)


def good_conditions() -> list[Row]:
    """Conditions that each bring a parameter."""
    where, params = ["pages > %s"], [0]
    if params:
        where.append("stock >= %s")
        params.append(0)
    return _titles("SELECT id, title FROM shop_book WHERE " + " AND ".join(where), params)


def good_looked_up() -> list[Row]:
    """The order is looked up among constants."""
    return [_ordered(key)[0] for key in ("title", "price")]


def _ordered(key: str) -> list[Row]:
    return _titles(f"SELECT id, title FROM shop_book ORDER BY {COLUMNS[key]}, id")


def good_checked() -> list[Row]:
    """The column is compared with a list first."""
    column = _some_title().lower()
    if column not in ("price", "pages"):
        column = "price"
    return _titles(f"SELECT id, title FROM shop_book ORDER BY {column}, id")


def good_number() -> list[Row]:
    """A number has no text of its own."""
    number = str(Book.objects.count())
    return _titles(f"SELECT id, title FROM shop_book ORDER BY id LIMIT {int(number)}")


def good_quoted_by_backend() -> list[Row]:
    """The backend quotes the name."""
    qn = connection.ops.quote_name
    return _titles("SELECT id, title FROM %s" % qn(Book._meta.db_table))


def good_own_table() -> list[Row]:
    """A model's own table and column."""
    title = Book._meta.get_field("title")
    sql = f"SELECT {title.column} FROM {Book._meta.db_table} WHERE pages > %s"
    return _titles(sql, [0])


def good_direction() -> list[Row]:
    """One of two words."""
    descending = Book.objects.count() > 3
    direction = "DESC" if descending else "ASC"
    return _titles(f"SELECT id, title FROM shop_book ORDER BY id {direction}")


def good_loop_over_constants() -> list[Row]:
    """The tables stand in the source."""
    counts: list[Row] = []
    for table in ("shop_book", "shop_author"):
        counts += _titles(f"SELECT COUNT(*) FROM {table}")
    return counts


def good_constant_arguments() -> list[Row]:
    """A function that is only called with names from the source."""
    return [*_count("shop_book"), *_count("shop_author")]


def _count(table: str) -> list[Row]:
    return _titles(f"SELECT COUNT(*) FROM {table}")


def good_enumeration() -> list[Row]:
    """A member of an enumeration is a constant."""
    return _titles(f"SELECT id FROM shop_order WHERE status = '{Order.Status.OPEN.value}'")


def good_expression() -> list[Book]:
    """An expression with a template from the source."""
    rounded = Func(F("price"), function="ROUND", output_field=FloatField())
    return list(Book.objects.annotate(rounded=rounded))


def good_raw_expression() -> list[Book]:
    """``RawSQL`` with its value as a parameter."""
    return list(Book.objects.annotate(dear=RawSQL("price * %s", [Book.objects.count()])))


def good_extra() -> list[Book]:
    """``extra()`` with its value as a parameter."""
    return list(Book.objects.extra(where=["title = %s"], params=[_some_title()]))


def good_raw() -> list[Book]:
    """``raw()`` with its value as a parameter."""
    return list(Book.objects.raw("SELECT * FROM shop_book WHERE title = %s", [_some_title()]))


def good_file() -> list[Row]:
    """The text stands in a file of the project."""
    path = Path(__file__).with_name("qa301_books.sql")
    return _titles(path.read_text(encoding="utf-8"))
