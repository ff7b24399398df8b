"""Statement facts, on the SQL that Django really sends and on what people write by hand."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryaudit.sql.statement import Statement, Statements, parse
from queryaudit.sql.verbs import Verb

BOOK = 'SELECT "shop_book"."id", "shop_book"."title" FROM "shop_book"'


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        (BOOK, Verb.SELECT),
        ("(SELECT 1) UNION (SELECT 2)", Verb.SELECT),
        ("WITH a AS (SELECT 1) SELECT * FROM a", Verb.SELECT),
        ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", Verb.INSERT),
        ("WITH a AS (DELETE FROM t RETURNING id) UPDATE u SET x = 1", Verb.UPDATE),
        ('DECLARE "_django_curs_1" NO SCROLL CURSOR WITH HOLD FOR SELECT 1', Verb.SELECT),
        ("FETCH FORWARD 2000 FROM c", Verb.OTHER),
        ('INSERT INTO "t" ("a") VALUES (%s)', Verb.INSERT),
        ("update t set a = 1", Verb.UPDATE),
        ("DELETE FROM t", Verb.DELETE),
        ('SAVEPOINT "s1"', Verb.SAVEPOINT),
        ('RELEASE SAVEPOINT "s1"', Verb.RELEASE),
        ('ROLLBACK TO SAVEPOINT "s1"', Verb.ROLLBACK),
        ("BEGIN", Verb.BEGIN),
        ("START TRANSACTION", Verb.BEGIN),
        ("COMMIT;", Verb.COMMIT),
        ("SET LOCAL lock_timeout = '1s'", Verb.SET),
        ("CREATE TABLE t (id int)", Verb.DDL),
        ("ALTER TABLE t ADD COLUMN a int", Verb.DDL),
        ("EXPLAIN (ANALYZE) SELECT 1", Verb.EXPLAIN),
        ("PRAGMA foreign_keys", Verb.OTHER),
        ("/* tag */ SELECT 1", Verb.SELECT),
        ("", Verb.OTHER),
        ("(((", Verb.OTHER),
        ("\x00\xff", Verb.OTHER),
    ],
)
def test_the_verb_is_the_main_verb(text: str, verb: Verb) -> None:
    assert parse(text).verb is verb


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        (BOOK, ("shop_book",)),
        ('SELECT a FROM "public"."shop_book" b', ("shop_book",)),
        (
            'SELECT 1 FROM "a" INNER JOIN "b" ON ("a"."x" = "b"."y") LEFT OUTER JOIN "c" T3 ON (1)',
            ("a", "b", "c"),
        ),
        ("SELECT 1 FROM a, b x, c WHERE d = 1", ("a", "b", "c")),
        ("SELECT 1 FROM a WHERE x IN (SELECT U0.y FROM b U0)", ("a", "b")),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT x FROM a) subquery", ("a",)),
        ("SELECT EXTRACT(YEAR FROM b) FROM a", ("a",)),
        ("SELECT 1 FROM a WHERE b IS DISTINCT FROM c", ("a",)),
        ("SELECT 1 FROM a WHERE b IS NOT DISTINCT FROM c", ("a",)),
        ("SELECT 1 FROM generate_series(1, 2) g", ()),
        ("SELECT 1 FROM a FOR UPDATE", ("a",)),
        ("SELECT 1 FROM a FOR NO KEY UPDATE OF b", ("a",)),
        ("SELECT 1 FROM (a JOIN b ON a.x = b.x) WHERE 1", ("a", "b")),
        ("SELECT 1 FROM a JOIN LATERAL (SELECT 1 FROM b) x ON true", ("a", "b")),
        ('INSERT INTO "a" ("x", "y") VALUES (%s, %s)', ("a",)),
        ("INSERT INTO a (x) VALUES (1) ON CONFLICT (x) DO UPDATE SET y = 1", ("a",)),
        ("INSERT INTO a (x) SELECT y FROM b", ("a", "b")),
        ('UPDATE "a" SET "x" = "y", z = 2 WHERE 1', ("a",)),
        ("UPDATE ONLY a SET x = b.x FROM b", ("a", "b")),
        ("DELETE FROM ONLY a USING b", ("a",)),
        ("WITH w AS (SELECT 1 FROM a), v (x) AS (SELECT 1 FROM w) SELECT 1 FROM w, v", ("a",)),
        ("WITH RECURSIVE w AS (SELECT 1 FROM a UNION ALL SELECT 1 FROM w) SELECT 1 FROM w", ("a",)),
        ("TRUNCATE TABLE a", ("a",)),
        ("CREATE TABLE IF NOT EXISTS a (x int)", ("a",)),
        ("SELECT 1 FROM `a`", ("a",)),
        ("SELECT a, b FROM c ORDER BY x, y", ("c",)),
        ("SELECT 1", ()),
    ],
)
def test_tables_are_named_in_order_of_appearance(text: str, tables: tuple[str, ...]) -> None:
    assert parse(text).tables == tables


@pytest.mark.parametrize(
    ("text", "has_limit", "limit", "has_offset"),
    [
        (BOOK, False, None, False),
        (BOOK + " LIMIT 21", True, 21, False),
        (BOOK + " LIMIT 7 OFFSET 3", True, 7, True),
        (BOOK + " LIMIT %s OFFSET %s", True, None, True),
        (BOOK + " LIMIT 5, 10", True, 10, True),
        (BOOK + " LIMIT -1 OFFSET 3", False, None, True),
        (BOOK + " LIMIT 18446744073709551615 OFFSET 3", False, None, True),
        (BOOK + " LIMIT ALL", False, None, False),
        (BOOK + " OFFSET 3 ROWS FETCH FIRST 10 ROWS ONLY", True, 10, True),
        (BOOK + " FETCH FIRST ROW ONLY", True, None, False),
        ("SELECT COUNT(*) FROM (SELECT 1 FROM a LIMIT 5) subquery", False, None, False),
        ('SELECT "limit" FROM a', False, None, False),
        (BOOK + " LIMIT " + "9" * 5000, True, None, False),
    ],
)
def test_limits_are_those_of_the_outermost_query(
    text: str, has_limit: bool, limit: int | None, has_offset: bool
) -> None:
    statement = parse(text)
    assert (statement.has_limit, statement.limit, statement.has_offset) == (
        has_limit,
        limit,
        has_offset,
    )


@pytest.mark.parametrize(
    "text",
    [
        'SELECT COUNT(*) AS "__count" FROM "a"',
        'SELECT COUNT(*) FROM (SELECT "a"."x" AS "col1" FROM "a" GROUP BY 1) subquery',
        'SELECT MAX("a"."id") AS "m", SUM("a"."id") AS "s" FROM "a" WHERE x = 1',
        'SELECT COALESCE(SUM("a"."x"), 0) AS "s" FROM "a"',
        'SELECT COUNT("a"."x") FILTER (WHERE "a"."y" > 1) AS "n" FROM "a"',
        'SELECT (COUNT("a"."x") * 2)::int AS "n" FROM "a"',
        'SELECT CAST(SUM("a"."x") AS NUMERIC) AS "n" FROM "a"',
        'SELECT 1 AS "a" FROM "b" WHERE "b"."c" = %s LIMIT 1',
        "SELECT (1) AS `a` FROM `b` LIMIT 1",
        "SELECT EXISTS(SELECT 1 FROM b)",
        "select count(distinct x) n from a",
    ],
)
def test_an_aggregate_query_has_no_column_of_its_own(text: str) -> None:
    assert parse(text).is_aggregate_only


@pytest.mark.parametrize(
    "text",
    [
        BOOK,
        BOOK + " LIMIT 1",
        "SELECT 1",
        'SELECT 1 AS "a" FROM "b"',
        'SELECT "a"."x", COUNT(*) FROM "a" GROUP BY 1',
        'SELECT COUNT(*) FROM "a" GROUP BY "a"."x"',
        'SELECT COUNT(*), "a"."x" FROM "a"',
        'SELECT COUNT(*) OVER () FROM "a"',
        "SELECT * FROM a LIMIT 1",
        "SELECT a.* FROM a LIMIT 1",
        "SELECT COUNT(*) FROM a UNION SELECT COUNT(*) FROM b",
        "DELETE FROM a",
        "SELECT count FROM a",
        "SELECT COALESCE(a.x, 1) FROM a",
    ],
)
def test_a_query_with_columns_or_groups_is_not_an_aggregate(text: str) -> None:
    assert not parse(text).is_aggregate_only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 FROM a WHERE b IN (%s, %s)", True),
        ("SELECT 1 FROM a WHERE b IN (1, 2)", True),
        ("SELECT 1 FROM a WHERE b IN %s", True),
        ("SELECT 1 FROM a WHERE b = ANY(%s)", True),
        ("SELECT 1 FROM a WHERE b = ANY((%s)::int[])", True),
        ("SELECT 1 FROM a WHERE b = ANY(ARRAY[%s, %s])", True),
        ("SELECT 1 FROM a WHERE b IN (%s)", True),
        ("SELECT 1 FROM a WHERE (b, c) IN ((%s, %s))", True),
        ("SELECT 1 FROM a WHERE b IN (SELECT c, d FROM e)", False),
        ("SELECT 1 FROM a WHERE b = ANY(c)", False),
        ("SELECT 1 FROM a WHERE b = %s", False),
        ("SELECT 1 FROM a WHERE b IN", False),
    ],
)
def test_a_list_of_values_is_seen(text: str, expected: bool) -> None:
    assert parse(text).binds_list is expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('WHERE "a"."id" > %s ORDER BY "a"."id" ASC LIMIT 10', True),
        ('WHERE ("a"."x" = 1 AND "a"."id" > %s) ORDER BY "a"."id" ASC LIMIT 10', True),
        ('WHERE "a"."id" < 5 ORDER BY "a"."id" DESC LIMIT %s', True),
        ("WHERE (x, id) > (%s, %s) ORDER BY x, id LIMIT 10", True),
        ("WHERE (x < %s OR (x = %s AND id < %s)) ORDER BY x, id LIMIT 10", True),
        ("WHERE id > -5 ORDER BY 1 LIMIT 10", True),
        ('WHERE "a"."id" > %s ORDER BY "a"."id" ASC LIMIT 1', False),
        ('WHERE "a"."id" > %s ORDER BY "a"."id" ASC', False),
        ('WHERE "a"."id" > %s LIMIT 10', False),
        ('WHERE "a"."price" > %s ORDER BY "a"."id" LIMIT 10', False),
        ('WHERE "a"."id" = %s ORDER BY "a"."id" LIMIT 10', False),
        ('WHERE "a"."id" > "a"."other" ORDER BY "a"."id" LIMIT 10', False),
        ("WHERE id IN (SELECT id FROM b WHERE id > %s) ORDER BY id LIMIT 10", False),
    ],
)
def test_a_keyset_page_compares_what_it_orders_by(where: str, expected: bool) -> None:
    assert parse(f'SELECT "a"."id" FROM "a" {where}').is_keyset_page is expected


def test_a_truncated_statement_keeps_its_beginning() -> None:
    rows = ", ".join(["(%s, %s)"] * 50_000)
    statement = parse(f'INSERT INTO "t" ("a", "b") VALUES {rows}')
    assert statement.truncated
    assert statement.verb is Verb.INSERT
    assert statement.tables == ("t",)
    assert statement.normalised == 'INSERT INTO "t" ("a", "b") VALUES (?, ?)'


def test_a_text_is_parsed_once_and_the_memo_is_bounded() -> None:
    statements = Statements(capacity=2)
    first = statements.of("SELECT 1")
    statements.of("SELECT 2")
    assert statements.of("SELECT 1") is first
    statements.of("SELECT 3")
    assert len(statements) == 2
    assert statements.of("SELECT 1") is first


SQL_LIKE = st.lists(
    st.sampled_from(
        [
            "SELECT",
            "FROM",
            "WHERE",
            "GROUP",
            "ORDER",
            "BY",
            "LIMIT",
            "OFFSET",
            "IN",
            "ANY",
            "EXISTS",
            "WITH",
            "AS",
            "UNION",
            "UPDATE",
            "INTO",
            "FETCH",
            "COUNT",
            "FILTER",
            "OVER",
            "JOIN",
            "TABLE",
            "IS",
            "DISTINCT",
            "VALUES",
            "a",
            "b.c",
            "'x'",
            "1",
            "%s",
            "(",
            ")",
            "[",
            "]",
            ",",
            ".",
            "*",
            ">",
            "=",
        ]
    ),
    max_size=60,
).map(" ".join)


@given(st.text() | SQL_LIKE)
@settings(max_examples=500, deadline=None)
def test_any_text_gives_a_statement(text: str) -> None:
    statement = parse(text)
    assert isinstance(statement, Statement)
    assert statement == parse(text)
    assert statement.limit is None or statement.has_limit


@pytest.mark.parametrize(
    "piece",
    ["(", "IN (1, ", "ANY((", "a > 1 AND (", "WITH a AS (", "SELECT COUNT(", "a.", ", ", "b AS ("],
)
def test_hostile_statements_of_ten_megabytes_take_linear_time(piece: str) -> None:
    text = "SELECT 1 FROM a WHERE " + piece * (10_000_000 // len(piece)) + " ORDER BY a LIMIT 5"
    start = time.process_time()
    parse(text)
    # Quadratic work on this much text takes minutes, on any machine.
    assert time.process_time() - start < 10
