"""Joins as Django's compiler writes them."""

from __future__ import annotations

from queryaudit.sql.joins import (
    Join,
    compares_to_one_value,
    joins_of,
    shown_aliases,
    without_joins,
)

BOOKS = 'INNER JOIN "b" ON ("a"."id" = "b"."a_id")'
COUNTRIES = 'LEFT OUTER JOIN "c" T4 ON ("b"."c_id" = T4."id")'
TEXT = (
    f'SELECT DISTINCT "a"."id", T4."name" FROM "a" {BOOKS} '
    f'{COUNTRIES} WHERE ("b"."size" = %s AND T4."x" > %s) '
    'ORDER BY "b"."rank" ASC'
)


def test_joins_are_read_in_order_with_their_aliases() -> None:
    assert joins_of(TEXT) == (
        Join("b", "b", "a", "id", "a_id", False, BOOKS),
        Join("c", "T4", "b", "c_id", "id", True, COUNTRIES),
    )


def test_what_is_selected_or_ordered_by_is_shown() -> None:
    assert shown_aliases(TEXT) == {"a", "T4", "b"}
    assert shown_aliases(TEXT.partition(" ORDER")[0]) == {"a", "T4"}


def test_a_condition_on_one_value_is_found() -> None:
    assert compares_to_one_value(TEXT, "b", "size")
    assert not compares_to_one_value(TEXT, "T4", "x")
    assert not compares_to_one_value(TEXT, "a", "size")


def test_other_text_has_no_joins() -> None:
    assert joins_of("select a.id from a join b on a.id = b.a_id") == ()
    assert joins_of("") == ()
    assert joins_of('UPDATE "a" SET "x" = 1') == ()


def test_joins_that_no_condition_names_can_be_left_out() -> None:
    plain = TEXT.replace(' AND T4."x" > %s', "")
    assert without_joins(TEXT, lambda join: True) == TEXT
    assert without_joins(plain, lambda join: True) == plain.replace(f" {COUNTRIES}", "")
    free = plain.replace(' WHERE ("b"."size" = %s)', "")
    assert without_joins(free, lambda join: True) == (
        'SELECT DISTINCT "a"."id", T4."name" FROM "a" ORDER BY "b"."rank" ASC'
    )


def test_a_join_that_another_one_hangs_on_stays() -> None:
    free = TEXT.partition(" WHERE ")[0]
    assert without_joins(free, lambda join: not join.is_outer) == free
    assert without_joins(free, lambda join: join.is_outer) == free.replace(f" {COUNTRIES}", "")


def test_joins_stay_where_a_subquery_may_name_them() -> None:
    text = f'SELECT "a"."id" FROM "a" {BOOKS} WHERE EXISTS(SELECT 1 FROM "c")'
    assert without_joins(text, lambda join: True) == text
