"""What a plan needs of its tables, whatever its scans hand out."""

from __future__ import annotations

from typing import Any

import pytest

from queryaudit.plans.needed import needed

Json = dict[str, Any]


def scan(alias: str, *output: str, **more: Any) -> Json:
    return {
        "Node Type": "Seq Scan",
        "Relation Name": f"shop_{alias}",
        "Alias": alias,
        "Output": [*output],
        **more,
    }


def above(kind: str, *plans: Json, **more: Any) -> Json:
    return {"Node Type": kind, "Plans": [*plans], **more}


def test_a_scan_at_the_top_needs_what_it_hands_out() -> None:
    assert needed(scan("o", "id", "total", Filter="(o.city = 'Oslo'::text)")) == (
        ("city", "id", "total"),
    )


def test_what_an_aggregate_does_not_read_is_not_needed() -> None:
    rows = scan("o", "id", "city", "total", "note", Filter="(o.city = 'a'::text)")
    [_, found] = needed(above("Aggregate", rows, Output=["sum(total)"]))
    assert sorted(found) == ["city", "total"]


def test_a_join_needs_its_conditions_and_what_it_makes() -> None:
    lines = scan("l", "l.id", "l.order_id", "l.quantity", "l.price")
    orders = above("Hash", scan("o", "o.id", "o.city"), Output=["o.id", "o.city"])
    join = above(
        "Hash Join",
        lines,
        orders,
        **{"Hash Cond": "(l.order_id = o.id)", "Output": ["l.quantity", "o.city"]},
    )
    [_, _, first, _, second] = needed(above("Sort", join, Output=["l.quantity", "o.city"]))
    assert sorted(first) == ["order_id", "quantity"]
    assert sorted(second) == ["city", "id"]


def test_a_limit_and_a_sort_hand_on_what_the_scan_gives() -> None:
    rows = scan("o", "o.id", "o.total")
    plan = above("Limit", above("Sort", rows, **{"Sort Key": ["o.placed_at DESC"]}))
    assert sorted(needed(plan)[2]) == ["id", "placed_at", "total"]


def test_a_subquery_is_planned_by_itself() -> None:
    inner = scan("l", "l.price", Filter="(l.order_id = o.id)", **{"Parent Relationship": "SubPlan"})
    plan = above("Aggregate", scan("o", "o.id", "o.city", Plans=[inner]), Output=["count(*)"])
    [_, orders, lines] = needed(plan)
    assert orders == ("id",)
    assert sorted(lines) == ["order_id", "price"]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("sum((total)::double precision)", ["total"]),
        ("max(CASE WHEN (city = 'NULL x'::text) THEN total ELSE weight END)",
         ["city", "total", "weight"]),
        ('count("Größe")', ["Größe"]),
        ("date_trunc('day'::text, placed_at)", ["placed_at"]),
        ("(placed_at)::timestamp without time zone", ["placed_at"]),
        ("count(*)", []),
    ],
)  # fmt: skip
def test_the_columns_of_the_only_table_have_no_alias(output: str, expected: list[str]) -> None:
    plan = above("Aggregate", scan("o", "id", "city", "total"), Output=[output])
    assert sorted(needed(plan)[1]) == expected


def test_whole_rows_and_many_columns_are_not_known_as_columns() -> None:
    assert needed(scan("o", "o.*")) == ((),)
    assert needed(scan("o", *(f"c{n}" for n in range(9)))) == ((),)


def test_a_whole_row_is_seen_in_a_plan_of_several_tables() -> None:
    orders = scan("o", "o.id", "o.city", "o.*")
    lines = scan("Line", '"Line".order_id', '"Line".price')
    cond = {"Hash Cond": '("Line".order_id = o.id)'}
    one = above("Hash Join", lines, orders, Output=["o.*", '"Line".price', "'\"Line\".*'"], **cond)
    [_, _, of_lines, of_orders] = needed(above("Aggregate", one, Output=["max((o.*)::text)"]))
    assert sorted(of_lines) == ["order_id", "price"]
    assert of_orders == ()
    other = above("Hash Join", lines, orders, Output=["o.id", '"Line".*'], **cond)
    [_, of_lines, of_orders] = needed(above("Aggregate", other, Output=["max(o.id)"]))[1:]
    assert of_lines == ()
    assert of_orders == ("id",)


def test_a_value_is_no_column() -> None:
    found = needed(scan("o", "id", "'it''s secret'::text", Filter="(o.name = 'a.b o.c'::text)"))
    assert sorted(found[0]) == ["id", "name"]
