"""The clauses of plain queries, and the tables behind aliases."""

from __future__ import annotations

import pytest

from queryaudit.sql.plain import PlainQuery, plain_query, sources


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a FROM t", PlainQuery("", "", False)),
        (
            'SELECT "t"."a" FROM "t" WHERE "t"."b" = 5 ORDER BY "t"."a" DESC LIMIT 3',
            PlainQuery('"t"."b" = ?', '"t"."a" DESC', True),
        ),
        ("SELECT a FROM t WHERE b = 1 GROUP BY a ORDER BY a", PlainQuery("b = ?", "", False)),
        ("SELECT DISTINCT a FROM t ORDER BY b", PlainQuery("", "", False)),
        ("UPDATE t SET a = 1 WHERE b = 2", PlainQuery("b = ?", "", False)),
        ("DELETE FROM t WHERE b = ' WHERE c = '", PlainQuery("b = ?", "", False)),
        ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", None),
        ("SELECT a FROM t UNION SELECT b FROM u", None),
        ("INSERT INTO t (a) VALUES (1)", None),
        ("", None),
        ("SELECT 1", None),
    ],
)  # fmt: skip
def test_a_plain_query_is_read(text: str, expected: PlainQuery | None) -> None:
    assert plain_query(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('SELECT 1 FROM "shop_book" WHERE x = 1', {"shop_book": "shop_book"}),
        (
            'SELECT 1 FROM "a" INNER JOIN "b" ON ("a"."x" = "b"."y") LEFT OUTER JOIN "b" T3 ON (1)',
            {"a": "a", "b": "b", "T3": "b"},
        ),
        ("SELECT 1 FROM orders AS o, lines l WHERE o.id = l.o", {"o": "orders", "l": "lines"}),
        ("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b U0 WHERE U0.x)", {"a": "a", "U0": "b"}),
        ('UPDATE "t" SET "a" = 1', {"t": "t"}),
        ("SELECT 1 FROM a JOIN b USING (x)", {"a": "a", "b": "b"}),
        ("SELECT 1 FROM t", {"t": "t"}),
    ],
)
def test_aliases_lead_to_their_tables(text: str, expected: dict[str, str]) -> None:
    assert expected.items() <= sources(text).items()


def test_a_long_text_takes_no_time_that_grows_with_its_square() -> None:
    text = (
        "SELECT " + ", ".join(f'"t"."c{n}"' for n in range(5_000)) + ' FROM "t" WHERE "t"."a" = 1'
    )
    assert plain_query(text) is None
    assert plain_query("SELECT " + "a WHERE " * 2_000) is None
