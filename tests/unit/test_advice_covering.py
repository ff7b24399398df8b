"""Which statements are worth an index that holds all they read, and which ranges one of blocks."""

from __future__ import annotations

from typing import Any

import pytest

from queryaudit.advice.block_ranges import block_ranges
from queryaudit.advice.candidates import Candidate, Key
from queryaudit.advice.covering import coverings, left_idle
from queryaudit.advice.index_code import ddl, index_expression, index_name, meta_code
from queryaudit.advice.scans import Order, Scan
from queryaudit.records.plans import (
    CatalogColumn,
    CatalogIndex,
    IndexKey,
    Plan,
    PlanMode,
    PlanNode,
    Relation,
)

ROWS = 2_000_000


def column(name: str, type_: str = "bigint", *, distinct: float = -0.5, **more: Any) -> Any:
    more = {"width": 8.0, "correlation": 0.0, "commonest": 0.002, **more}
    return CatalogColumn(name, type_, distinct, 0.0, **more)


COLUMNS = (
    column("id", distinct=-1),
    column("customer_id", distinct=40_000),
    column("total", "numeric(10,2)"),
    column("city", "character varying(30)", distinct=20),
    column("placed_at", "timestamp with time zone", correlation=0.99),
    column("changed_at", "timestamp with time zone", correlation=0.5),
    column("code", "character varying(500)"),
    column("note", "text", width=20.0),
    column("meta", "jsonb"),
)


def index(name: str, *keys: str, include: tuple[str, ...] = (), **more: Any) -> CatalogIndex:
    known: dict[str, Any] = {
        "method": "btree", "predicate": "", "unique": False, "primary": False,
        "constraint": False, "valid": True, "bytes": 0, "scans": None,
    }  # fmt: skip
    parts = tuple(IndexKey(key, True, False, "int8_ops") for key in keys)
    return CatalogIndex(name=name, keys=parts, include=include, **(known | more))


def relation(*indexes: CatalogIndex, **more: Any) -> Relation:
    known: dict[str, Any] = {
        "alias": "default", "vendor": "postgresql", "schema": "public", "name": "shop_order",
        "rows": ROWS, "bytes": ROWS * 200, "columns": COLUMNS, "foreign_keys": (), "visible": 1.0,
    }  # fmt: skip
    return Relation(indexes=indexes, **(known | more))


def node(**more: Any) -> PlanNode:
    known: dict[str, Any] = {
        "parent": None, "kind": "Bitmap Heap Scan", "role": "", "name": "", "schema": "public",
        "relation": "shop_order", "alias": "o", "using": "", "join": "",
        "condition": "(o.customer_id = $1)", "filter": "", "keys": (), "presorted": 0, "cost": 9.0,
        "estimated_rows": 50.0, "actual_rows": None, "loops": None, "removed": None,
        "time_ns": None, "hit": None, "read": None, "spilled": None, "method": "",
        "limit_above": False, "needs": ("customer_id", "total"),
    }  # fmt: skip
    return PlanNode(**(known | more))


def found(
    *nodes: PlanNode,
    table: Relation | None = None,
    updated: tuple[str, ...] = (),
    mode: PlanMode = PlanMode.GENERIC,
) -> list[Candidate]:
    table = table or relation(index("by_customer", "customer_id"))
    plan = Plan(0, "default", table.vendor, mode, "", None, nodes)
    relations = {(table.schema, table.name): table}
    written = {(table.name, name) for name in updated}
    return [candidate for _, candidate in coverings(plan, relations, 2_000, written)]


COVERING = Candidate("public", "shop_order", "btree", (Key("customer_id"),), 1, include=("total",))


def test_rows_that_are_visited_for_a_narrow_column_get_an_index_that_has_it() -> None:
    assert found(node()) == [COVERING]
    assert found(node(kind="Seq Scan", condition="", filter="(o.customer_id = $1)")) == [COVERING]
    assert found(node(), table=relation()) == [COVERING]


def test_what_is_rare_for_a_value_that_is_known_is_visited() -> None:
    assert found(node(condition="(o.customer_id = ?)")) == []
    assert found(node(condition="(o.customer_id = ?)", estimated_rows=5_000.0)) == [COVERING]
    measured = node(actual_rows=50.0, loops=1)
    assert found(measured, mode=PlanMode.ANALYZED) == []
    measured = measured._replace(actual_rows=5_000.0)
    assert found(measured, mode=PlanMode.ANALYZED) == [COVERING]


def test_rows_of_a_join_count_for_each_of_its_rounds() -> None:
    join = node(kind="Nested Loop", relation="", condition="", alias="")
    outer = node(relation="shop_customer", role="Outer", parent=0, estimated_rows=100.0)
    inner = node(condition="(o.customer_id = c.id)", role="Inner", parent=0)
    assert found(join, outer, inner) == [COVERING]
    assert found(join, outer._replace(estimated_rows=2.0), inner) == []


@pytest.mark.parametrize(
    "seen",
    [
        node(needs=()),  # not known, or the whole row
        node(needs=("customer_id",)),  # an ordinary index has all
        node(needs=("customer_id", "note")),  # of any length
        node(needs=("customer_id", "code")),  # up to 500 letters
        node(needs=("customer_id", "meta")),
        node(needs=("customer_id", "ctid")),
        node(needs=("customer_id", "id", "total", "placed_at", "changed_at")),
        node(limit_above=True),
        node(condition="(o.customer_id > $1)"),
        node(condition="(o.city = ?)", needs=("city", "total"), estimated_rows=900_000.0),
        node(kind="Index Only Scan"),
    ],
)
def test_other_reads_of_rows_are_left_alone(seen: PlanNode) -> None:
    assert found(seen) == []


@pytest.mark.parametrize(
    "table",
    [
        relation(visible=0.5),  # written all the time, or never vacuumed
        relation(visible=None),
        relation(bytes=ROWS * 40),  # the index would be as large as the table
        relation(rows=1_000),
        relation(index("there", "customer_id", include=("total", "city"))),
        relation(index("there", "customer_id", "total")),
        relation(vendor="sqlite"),
    ],
)
def test_other_tables_are_left_alone(table: Relation) -> None:
    assert found(node(estimated_rows=500.0), table=table) == []


def test_a_column_that_is_written_later_is_not_held() -> None:
    assert found(node(), updated=("total",)) == []
    assert found(node(), updated=("customer_id",)) == []
    assert found(node(), updated=("city",)) == [COVERING]


def test_columns_whose_values_repeat_are_keys_as_equal_keys_are_stored_once() -> None:
    table = relation(columns=(column("customer_id", distinct=400), column("city", distinct=20)))
    (candidate,) = found(node(needs=("customer_id", "city")), table=table)
    assert [key.column for key in candidate.keys] == ["customer_id", "city"]
    assert (candidate.include, candidate.equal) == ((), 1)


def test_it_serves_what_its_plain_form_does_and_not_the_other_way() -> None:
    plain = COVERING._replace(include=())
    assert COVERING.covers(plain)
    assert not plain.covers(COVERING)
    assert plain.words != COVERING.words
    assert index_name(plain) != index_name(COVERING)


def test_its_code_is_what_is_proved() -> None:
    assert index_expression(COVERING, None).endswith('include=["total"])')
    assert ddl(COVERING, "t").endswith('ON t ("customer_id") INCLUDE ("total")')


def test_indexes_that_are_its_beginning_have_nothing_left_to_do() -> None:
    table = relation(
        index("by_customer", "customer_id"),
        index("unique", "customer_id", unique=True),
        index("longer", "customer_id", "placed_at"),
        index("some", "customer_id", predicate="(total > 0)"),
        index("more", "customer_id", include=("city",)),
    )
    assert [idle.name for idle in left_idle(table, COVERING)] == ["by_customer"]


RANGE = Candidate("public", "shop_order", "btree", (Key("placed_at"),), 0)
BLOCKS = Candidate("public", "shop_order", "brin", (Key("placed_at"),), 0)


def ranged(table: Relation, order: Order | None = None) -> Scan:
    return Scan(node(), table, 1e6, 1e3, False, "", order, None)


def test_a_range_in_the_order_of_the_rows_gets_an_index_of_blocks() -> None:
    assert block_ranges(ranged(relation()), RANGE) == BLOCKS
    assert index_name(BLOCKS) == "shop_order_placed_at_brin"
    assert index_expression(BLOCKS, None) == (
        'BrinIndex(fields=["placed_at"], name="shop_order_placed_at_brin", autosummarize=True)'
    )
    assert "from django.contrib.postgres.indexes import BrinIndex" in meta_code([BLOCKS], None)
    assert ddl(BLOCKS, "t").endswith('USING brin ("placed_at") WITH (autosummarize = on)')


@pytest.mark.parametrize(
    ("table", "tree"),
    [
        (relation(), RANGE._replace(keys=(Key("changed_at"),))),  # in no order
        (relation(), RANGE._replace(keys=(Key("customer_id"), Key("placed_at")), equal=1)),
        (relation(), RANGE._replace(keys=(Key("placed_at"),), equal=1)),
        (relation(rows=500_000), RANGE),  # a B-tree is small
        (relation(columns=()), RANGE),  # never analysed
        (relation(index("there", "placed_at", method="brin")), RANGE),
    ],
)
def test_another_range_keeps_its_tree(table: Relation, tree: Candidate) -> None:
    assert block_ranges(ranged(table), tree) is None


def test_an_order_is_handed_out_by_trees_only() -> None:
    order = Order((("placed_at", True),), 1e5, True, 10.0)
    assert block_ranges(ranged(relation(), order), RANGE) is None
