"""QA303: texts that differ in literals alone."""

from __future__ import annotations

from django.db import connection

from sample_app.shop.models import Book, Order

Row = tuple[object, ...]


def _keys() -> list[int]:
    return list(Book.objects.order_by("pk").values_list("pk", flat=True)[:4])


def bad() -> list[Row]:
    """Four statements where one would do, planned one by one."""
    rows: list[Row] = []
    with connection.cursor() as cursor:
        first, second, third, fourth = _keys()
        for keys in ((first, second), (third, fourth), (first, third), (second, fourth)):
            low, high = min(keys), max(keys)
            rows += _stock_between(cursor, low, high)
    return rows


def _stock_between(cursor: object, low: object, high: object) -> list[Row]:
    sql = f"SELECT SUM(stock) FROM shop_book WHERE id BETWEEN {int(low)} AND {int(high)}"  # type: ignore[call-overload]
    cursor.execute(sql)  # type: ignore[attr-defined]
    return list(cursor.fetchall())  # type: ignore[attr-defined]


def good() -> list[Row]:
    """One text, whatever the values."""
    rows: list[Row] = []
    keys = _keys()
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(keys))
        cursor.execute(f"SELECT stock FROM shop_book WHERE id IN ({marks})", keys)
        rows += cursor.fetchall()
    return rows


def good_limit() -> list[list[Row]]:
    """Numbers of rows are no values."""
    return [_page(number) for number in (0, 1, 2, 3)]


def _page(number: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM shop_book ORDER BY id LIMIT 2 OFFSET {int(number) * 2}")
        return list(cursor.fetchall())


def good_constants() -> list[Row]:
    """As many texts as the source has."""
    rows: list[Row] = []
    with connection.cursor() as cursor:
        for status in Order.Status:
            cursor.execute(f"SELECT COUNT(*) FROM shop_order WHERE status = '{status.value}'")
            rows += cursor.fetchall()
    return rows


def good_twice() -> list[Row]:
    """Two texts are no flood."""
    rows: list[Row] = []
    with connection.cursor() as cursor:
        for key in _keys()[:2]:
            cursor.execute(f"SELECT stock FROM shop_book WHERE id = {int(key)}")
            rows += cursor.fetchall()
    return rows


def good_pages_of_the_orm() -> list[list[Book]]:
    """Django writes limits into its own statements."""
    return [list(Book.objects.order_by("pk")[start : start + 2]) for start in range(0, 5, 2)]


def good_setting() -> None:
    """A setting takes no parameters, and no plan is kept of it."""
    with connection.cursor() as cursor:
        for key in _keys():
            _set(cursor, str(key))


def _set(cursor: object, value: str) -> None:
    if connection.vendor == "sqlite":
        cursor.execute("PRAGMA table_info('%s')" % value)  # type: ignore[attr-defined]  # noqa: UP031
    else:
        cursor.execute("SET LOCAL application_name = '%s'" % value)  # type: ignore[attr-defined]  # noqa: UP031
