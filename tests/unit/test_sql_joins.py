"""Joins as Django's compiler writes them."""

from __future__ import annotations

from queryaudit.sql.joins import Join, compares_to_one_value, joins_of, shown_aliases

TEXT = (
    'SELECT DISTINCT "a"."id", T4."name" FROM "a" INNER JOIN "b" ON ("a"."id" = "b"."a_id") '
    'LEFT OUTER JOIN "c" T4 ON ("b"."c_id" = T4."id") WHERE ("b"."size" = %s AND T4."x" > %s) '
    'ORDER BY "b"."rank" ASC'
)


def test_joins_are_read_in_order_with_their_aliases() -> None:
    assert joins_of(TEXT) == (
        Join("b", "b", "a", "id", "a_id"),
        Join("c", "T4", "b", "c_id", "id"),
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
