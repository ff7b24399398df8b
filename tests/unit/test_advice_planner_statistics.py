"""Which misestimates CREATE STATISTICS would end, by the condition alone."""

from __future__ import annotations

import ast

import pytest

from queryaudit.advice.expressions import canonical, compared, json_key
from queryaudit.advice.planner_statistics import statistics_fix
from queryaudit.records.plans import CatalogIndex, IndexKey, PlanNode, Relation

ROWS = 100_000
UPPER = "(upper((t.city)::text) = ?::text)"
MANY, FEW = 20_000.0, 500.0


def scan(filter_: str, *, actual: float = MANY, expected: float = FEW) -> PlanNode:
    return PlanNode(
        None, "Seq Scan", "", "", "public", "town", "t", "", "", "", filter_, (), 0, 1.0,
        expected, actual, 1, ROWS - actual, 1, None, None, None, "", limit_above=False,
    )  # fmt: skip


def table(*keys: str, statistics: tuple[str, ...] = (), partitions: int = 0) -> Relation:
    indexes = tuple(
        CatalogIndex(
            "by", "btree", (IndexKey(key, False, False, "text_ops"),), (), "", unique=False,
            primary=False, constraint=False, valid=True, bytes=0, scans=None,
        )
        for key in keys
    )  # fmt: skip
    found = (statistics,) if statistics else ()
    return Relation(
        "default", "postgresql", "public", "town", ROWS, 0, (), indexes, (),
        partitions=partitions, statistics=found,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expression"),
    [
        (UPPER, "(upper((city)::text))"),
        ("(upper((t.city)::text) ~~ '%?%'::text)", "(upper((city)::text))"),
        (f"({UPPER} AND (t.size > ?))", "(upper((city)::text))"),
        ('(lower((t."Name")::text) = ?::text)', '(lower(("Name")::text))'),
        ("((t.a || t.b) = ?::text)", "((a || b))"),
        ("(((t.at)::date) = ?::date)", None),  # said with its cast: no more than the column
    ],
)
def test_an_expression_is_written_as_the_server_has_it(
    condition: str, expression: str | None
) -> None:
    fix = statistics_fix(scan(condition), table(), ())
    if expression is None:
        assert fix is None
        return
    assert fix is not None
    made = ast.literal_eval(fix.code.split("\n")[2].strip().rstrip(","))[0]
    assert f" ON {expression} FROM " in made


@pytest.mark.parametrize(
    ("condition", "actual", "expected"),
    [
        ("((t.city)::text = ?::text)", MANY, FEW),
        ("(upper((t.city)::text) = upper((o.city)::text))", MANY, FEW),
        ("(upper((o.city)::text) = ?::text)", MANY, FEW),
        (f"({UPPER} OR (t.size = ?))", MANY, FEW),
        (f"({UPPER} AND (t.size = ?))", 400.0, 4.0),  # either may be the cause
        (f"({UPPER} AND (lower((t.name)::text) = ?::text))", MANY, FEW),
        ("(upper((t.city)::text) ~~ '?%'::text)", 400.0, 4.0),  # what few match, no sample has
        ("(COALESCE(t.a, ?::text) = ?::text)", MANY, FEW),  # its constant is not known
        ("(date_trunc(?::text, (t.at AT TIME ZONE ?::text)) = ?::timestamp)", MANY, FEW),
        ("((t.meta -> ?::text) = ?::jsonb)", MANY, FEW),  # nor is the key
        ("((t.meta #> ?::text[]) = ?::jsonb)", MANY, FEW),
    ],
)
def test_where_it_would_not_help_nothing_is_proposed(
    condition: str, actual: float, expected: float
) -> None:
    assert statistics_fix(scan(condition, actual=actual, expected=expected), table(), ()) is None


def test_statistics_that_are_there_are_not_proposed() -> None:
    node = scan(UPPER)
    assert statistics_fix(node, table("upper(city::text)"), ()) is None
    assert statistics_fix(node, table(statistics=("upper((city)::text)",)), ()) is None
    assert statistics_fix(node, table(partitions=4), ()) is None
    assert statistics_fix(node, table("lower(city::text)"), ()) is not None


def test_a_single_range_is_a_cause() -> None:
    node = scan("(lower((t.city)::text) > ?::text)", actual=100.0, expected=33_000.0)
    assert statistics_fix(node, table(), ()) is not None
    more = scan("((lower((t.city)::text) > ?::text) AND (t.a = ?))", actual=9.0, expected=330.0)
    assert statistics_fix(more, table(), ()) is None


def test_the_key_of_json_stands_in_the_code() -> None:
    assert json_key("meta", ["rows.filter(meta__kept='cool', size=3)"]) == "kept"
    assert json_key("meta", ["filter(meta__kept__in=[1])", "filter(meta__kept=1)"]) == "kept"
    assert json_key("meta", ["filter(meta__kept=1, meta__sold=2)"]) is None
    assert json_key("meta", ["filter(meta__box__kept=1)"]) is None
    assert json_key("meta", ["filter(**{key: 1})", "if meta__kept == 1:"]) is None
    condition = "((t.meta ->> ?::text) = ?::text)"
    fix = statistics_fix(scan(condition), table(), ["filter(meta__kept='cool')"])
    assert fix is not None
    assert "((meta ->> 'kept'::text))" in ast.literal_eval(fix.code.split("\n")[2].strip()[:-1])[0]


def test_spellings_of_one_expression_are_equal() -> None:
    assert canonical("upper((city)::text)") == canonical("upper(city::text)")
    assert canonical("(at AT TIME ZONE 'UTC'::text)") == canonical("at AT TIME ZONE ?::text")
    assert canonical("upper(city)") != canonical("lower(city)")
    assert [e.text for e in compared("(t.a = ?)", "t")] == []
