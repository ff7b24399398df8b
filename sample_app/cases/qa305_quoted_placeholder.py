"""QA305: placeholders between quotes. Numbers make it work by chance."""

from __future__ import annotations

from django.db import connection

from sample_app.shop.models import Book

Row = tuple[object, ...]


def bad() -> list[Row]:
    """A pattern with the placeholder inside."""
    number = Book.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_book WHERE slug LIKE '%%%s%%'", [number])
        return list(cursor.fetchall())


def good() -> list[Row]:
    """The pattern is the value."""
    number = Book.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_book WHERE slug LIKE %s", [f"%{number}%"])
        return list(cursor.fetchall())


def bad_quoted() -> list[Row]:
    """Quotes around a placeholder."""
    number = Book.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_book WHERE id = '%s'", [number])
        return list(cursor.fetchall())


def bad_raw() -> list[Book]:
    """The same in ``raw()``."""
    number = Book.objects.count()
    return list(Book.objects.raw("SELECT * FROM shop_book WHERE id = '%s'", [number]))


def good_percent_sign() -> list[Row]:
    """Two percent signs are one, and no placeholder."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_book WHERE slug LIKE '97%%' AND id > %s", [0])
        return list(cursor.fetchall())


def good_without_parameters() -> list[Row]:
    """Without parameters nothing is put in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT '%s' || id FROM shop_book")
        return list(cursor.fetchall())


def good_next_to_a_literal() -> list[Row]:
    """A literal here, a placeholder there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'it''s' || slug FROM shop_book WHERE id > %s AND slug <> ''", [0])
        return list(cursor.fetchall())


def good_apostrophe() -> list[Row]:
    """An apostrophe in a literal is written twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_book WHERE title <> 'a''b' AND id > %s", [0])
        return list(cursor.fetchall())


def good_like() -> list[Book]:
    """The ORM binds its patterns."""
    return list(Book.objects.filter(slug__contains="9"))
