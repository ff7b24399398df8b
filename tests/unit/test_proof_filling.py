"""Values for the statements of a replay, so that they find the rows that are there."""

from __future__ import annotations

import pytest

from queryaudit.proof.filling import filled
from queryaudit.proof.meeting_rows import Rows
from queryaudit.proof.tables import Schema
from queryaudit.records.definitions import Column, Model


def column(name: str, kind: str, target: str | None = None) -> Column:
    return Column(name, name, name, kind, target, name == "id", False, name == "id", False)


COLUMNS = (
    column("id", "BigAutoField"),
    column("stock", "IntegerField"),
    column("labels", "ArrayField"),
    column("found", "SearchVectorField"),
    column("shelf_id", "ForeignKey", "shop.Shelf"),
)
BOOK = Model("shop.Book", "book", COLUMNS, (), (), None, None, (), ())
SHELF = Model("shop.Shelf", "shelf", COLUMNS[:2], (), (), None, None, (), ())


def statement(text: str, *moved: str) -> str:
    rows = Rows(Schema([BOOK, SHELF], [text]), 1, {("book", name) for name in moved})
    return filled(text, rows, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "UPDATE book SET stock = %s WHERE id = %s",
            "UPDATE book SET stock = '1' WHERE id = '1'",
        ),
        (
            "UPDATE book SET labels = %s::integer[] WHERE id = %s",
            "UPDATE book SET labels = '{value 1}' WHERE id = '1'",
        ),
        (
            "UPDATE book SET labels = %s::character varying(30)[], stock = %s WHERE id = %s",
            "UPDATE book SET labels = '{value 1}', stock = '1' WHERE id = '1'",
        ),
        (
            "DELETE FROM book WHERE labels && %s::text[] AND stock = %s",
            "DELETE FROM book WHERE labels && '{value 1}' AND stock = '1'",
        ),
        (
            "UPDATE book SET found = to_tsvector(%s::regconfig, %s) WHERE id = %s",
            "UPDATE book SET found = to_tsvector('simple'::regconfig, 'value 1') WHERE id = '1'",
        ),
        (
            "INSERT INTO book (stock, labels) VALUES (%s, %s::varchar(8)[])",
            "INSERT INTO book (stock, labels) VALUES ('2001', '{value 2001}')",
        ),
        (
            "DELETE FROM book WHERE (stock = %s AND NOT (id IN (SELECT U0.id FROM book U0"
            " WHERE U0.stock = %s AND U0.shelf_id = %s)) AND shelf_id = %s)",
            "DELETE FROM book WHERE (stock = '1' AND NOT (id IN (SELECT U0.id FROM book U0"
            " WHERE U0.stock = '999' AND U0.shelf_id = '999')) AND shelf_id = '1')",
        ),
        (
            "INSERT INTO book (stock, shelf_id) SELECT * FROM UNNEST((%s)::integer[],"
            " (%s)::bigint[]) RETURNING book.id",
            "INSERT INTO book (stock, shelf_id) SELECT * FROM UNNEST(('{\"2001\"}')::integer[],"
            " ('{\"1\"}')::bigint[]) RETURNING book.id",
        ),
        (
            "DELETE FROM book WHERE NOT EXISTS(SELECT 1 FROM shelf U0 WHERE U0.id = %s)"
            " AND stock = %s",
            "DELETE FROM book WHERE NOT EXISTS(SELECT 1 FROM shelf U0 WHERE U0.id = '999')"
            " AND stock = '1'",
        ),
    ],
)
def test_statements_find_the_row_that_is_there(text: str, expected: str) -> None:
    assert statement(text) == expected


def test_a_reference_is_compared_with_what_it_was_before_it_is_changed() -> None:
    text = "UPDATE book SET shelf_id = %s WHERE shelf_id = %s"
    rows = Rows(Schema([BOOK, SHELF], [text]), 1, {("book", "shelf_id")})
    assert filled(text, rows, 1) == "UPDATE book SET shelf_id = '1' WHERE shelf_id = '9'"
    assert filled(text, rows, 1) == "UPDATE book SET shelf_id = '1' WHERE shelf_id = '1'"
