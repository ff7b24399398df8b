"""Which rows a statement is about, read from its text."""

from __future__ import annotations

import pytest

from queryaudit.sql.shape import Column
from queryaudit.sql.statement import parse


def test_order_and_cut_of_a_page() -> None:
    text = 'SELECT "b"."id" FROM "b" ORDER BY "b"."at" DESC NULLS LAST, LOWER(x) LIMIT 5 OFFSET 20'
    shape = parse(text).shape
    assert (shape.table, shape.offset) == ("b", 20)
    assert shape.order == (Column(table="b", name="at"), None)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ('SELECT 1 FROM "b"', ()),
        ('SELECT 1 FROM "b" WHERE "b"."active"', (("active", True),)),
        ('SELECT 1 FROM "b" WHERE ("b"."active" AND NOT "b"."old")', (("active", 1), ("old", 0))),
        ('SELECT 1 FROM "b" WHERE "b"."id" = %s', None),
        ('SELECT 1 FROM "b" WHERE ("b"."active" OR "b"."old")', None),
        ('SELECT 1 FROM "b" WHERE "b"."x" IS NULL', None),
    ],
)
def test_conditions_that_are_columns_alone(text: str, flags: object) -> None:
    assert parse(text).shape.flags == flags


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('SELECT COUNT(*) FROM "b" WHERE "x" = %s', 'SELECT "x" FROM "b" WHERE "x" = %s', True),
        ('SELECT 1 FROM "b" WHERE "b"."x" = 1', 'SELECT 1 FROM "b" WHERE "b"."x" = 2', False),
        ('SELECT 1 FROM "b"', 'SELECT 1 FROM "c"', False),
    ],
)  # fmt: skip
def test_statements_about_the_same_rows_have_one_source(one: str, other: str, same: bool) -> None:
    assert (parse(one).shape.source == parse(other).shape.source) is same


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("SELECT 1 FROM b WHERE x IN (%s, %s, %s) OR y IN (1)", 3),
        ("SELECT 1 FROM b WHERE x IN (SELECT 1)", 0),
        ("SELECT 1 FROM b WHERE x IN (", 0),
        ("IN", 0),
        ("IN (", 0),
        ("IN (1", 1),
    ],
)
def test_the_longest_list_of_values(text: str, longest: int) -> None:
    assert parse(text).shape.longest_list == longest


def test_locks_chance_and_hidden_writes_are_told() -> None:
    assert parse("SELECT a FROM b FOR NO KEY UPDATE").shape.is_locking
    assert parse("SELECT a FROM b ORDER BY RANDOM()").shape.is_volatile
    written = "WITH x AS (INSERT INTO a VALUES (1) RETURNING *) SELECT * FROM x"
    assert parse(written).shape.is_writing
    plain = parse("SELECT a FROM b").shape
    assert (plain.is_locking, plain.is_volatile, plain.is_writing) == (False, False, False)
