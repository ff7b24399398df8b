"""Conditions as a plan spells them: values taken out, and what they ask of columns."""

from __future__ import annotations

import pytest

from queryaudit.advice.conditions import Compared, arms, clauses
from queryaudit.plans.postgres import with_zone
from queryaudit.plans.scrub import scrubbed
from queryaudit.sql.statement import Statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(a.name = 'it''s secret'::text)", "(a.name = ?::text)"),
        ("(a.name = E'tab\\\\t'::text)", "(a.name = ?::text)"),
        ("(a.n > 12.5e3)", "(a.n > ?)"),
        ("(a.n2 = 1)", "(a.n2 = ?)"),
        ('(a."2nd 3" = 1)', '(a."2nd 3" = ?)'),
        ("(a.name ~~ '%secret%'::text)", "(a.name ~~ '%?%'::text)"),
        ("(a.name ~~ 'secret%'::text)", "(a.name ~~ '?%'::text)"),
        ("(a.name ~~ '%secret'::text)", "(a.name ~~ '%?'::text)"),
        ("(a.name ~~ 'sec_ret'::text)", "(a.name ~~ '?%'::text)"),
        ("(a.name ~~ 'se\\%cret'::text)", "(a.name ~~ '?'::text)"),
        ("(a.id = ANY ('{1,2}'::integer[]))", "(a.id = ANY (?::integer[]))"),
        ("(a.n = $1)", "(a.n = $1)"),
    ],
)
def test_no_value_stays_in_a_condition(text: str, expected: str) -> None:
    assert scrubbed(text) == expected
    assert scrubbed(expected) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (
            "((a.n > ?) AND ((a.status)::text = ?::text))",
            [("n", Compared.RANGE, ""), ("status", Compared.EQUAL, "")],
        ),
        ("(upper((a.note)::text) ~~ '%?%'::text)", [("note", Compared.INFIX, "upper")]),
        ("(a.n = ANY (?::integer[]))", [("n", Compared.ONE_OF, "")]),
        (
            "((a.d IS NULL) AND (((a.t AT TIME ZONE ?::text))::date = ?::date))",
            [("d", Compared.IS_NULL, ""), ("t", Compared.EQUAL, "date")],
        ),
        ("(NOT a.flag)", [("flag", Compared.FALSE, "")]),
        (
            "((a.flag) AND (a.d IS NOT NULL))",
            [("flag", Compared.TRUE, ""), ("d", Compared.NOT_NULL, "")],
        ),
        ("((a.x = ?) OR (a.y = ?))", [("x", Compared.OTHER, "")]),
        ("(EXTRACT(year FROM a.t) = ?::numeric)", [("t", Compared.EQUAL, "part")]),
        ("((a.name)::text ~~ '?%'::text)", [("name", Compared.PREFIX, "")]),
        ('((a."Odd.Name")::text = $1)', [("Odd.Name", Compared.EQUAL, "")]),
        ("(? < a.n)", [("n", Compared.RANGE, "")]),
        ("(a.x = (a.y + ?))", [("x", Compared.OTHER, "")]),
        ("((a.price * ?) > ?)", [("price", Compared.OTHER, "")]),
        ("(NOT (ANY (a.id = (hashed SubPlan 1).col1)))", [("id", Compared.OTHER, "")]),
        ("(a.meta @> ?::jsonb)", [("meta", Compared.CONTAINS, "")]),
        ("(a.words @@ plainto_tsquery(?::text))", [("words", Compared.MATCHES, "")]),
        (
            "(a.words @@ websearch_to_tsquery(($1)::regconfig, $2))",
            [("words", Compared.MATCHES, "")],
        ),
        ("(to_tsvector(a.note) @@ plainto_tsquery(?))", [("note", Compared.OTHER, "")]),
        ("(a.n <> ?)", [("n", Compared.OTHER, "")]),
        ("(a.name ~~ $1)", [("name", Compared.OTHER, "")]),
        ("", []),
        ("(? = ?)", []),
    ],
)
def test_a_condition_is_read(condition: str, expected: list[object]) -> None:
    assert [(c.column, c.test, c.function) for c in clauses(condition)] == expected


def test_a_join_is_told_from_a_value() -> None:
    [joined] = clauses("(a.author_id = b.id)")
    assert joined.joined
    [value] = clauses("(a.author_id = ?)")
    assert not value.joined


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("((a.x = ?) OR (a.y = ?))", ["(a.x = ?)", "(a.y = ?)"]),
        ("((a.x = ?) OR ((a.y = ?) OR (a.z = ?)))", ["a.x = ?", "a.y = ?", "a.z = ?"]),
        ("((a.x = ' OR '::text) OR (a.y = ?))", ["(a.x = ' OR '::text)", "(a.y = ?)"]),
        ("(a.x = ?)", ["a.x = ?"]),
    ],
)
def test_an_or_has_arms(condition: str, expected: list[str]) -> None:
    assert [arm.strip("()") for arm in arms(condition)] == [arm.strip("()") for arm in expected]


@pytest.mark.parametrize("time_zone", ["UTC", "Europe/Berlin", "Etc/GMT+3"])
def test_a_time_zone_that_is_asked_with_is_that_of_the_settings(time_zone: str) -> None:
    sql = 'SELECT 1 FROM "t" WHERE ("t"."at" AT TIME ZONE %s)::date = %s'
    with_it = with_zone(sql, time_zone)
    assert with_it == sql.replace("%s", f"'{time_zone}'", 1)
    statements = Statements()
    assert statements.of(with_it).fingerprint == statements.of(sql).fingerprint


@pytest.mark.parametrize("time_zone", ["", "x'; DROP TABLE t; --"])
def test_what_is_no_time_zone_is_put_nowhere(time_zone: str) -> None:
    sql = 'SELECT 1 FROM "t" WHERE ("t"."at" AT TIME ZONE %s)::date = %s'
    assert with_zone(sql, time_zone) == sql
