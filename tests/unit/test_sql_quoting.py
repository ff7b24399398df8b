"""Names of tables in statements that are to run on copies in another schema."""

from __future__ import annotations

import pytest

from queryaudit.sql.quoting import unqualified


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT "a"."b"."id" FROM "a"."b" "T1"', 'SELECT "b"."id" FROM "b" "T1"'),
        ("SELECT A.B.id FROM a . b", 'SELECT "b".id FROM "b"'),
        ('SELECT "A"."b".id FROM "A"."b"', 'SELECT "A"."b".id FROM "A"."b"'),
        ("SELECT x.a.b, aa.b, a.bb FROM c", "SELECT x.a.b, aa.b, a.bb FROM c"),
        ("SELECT 'a.b', 'it''s a.b', e'\\'a.b', \"a.b\"", None),
        ('SELECT "x a.b" FROM "a"."b"', 'SELECT "x a.b" FROM "b"'),
    ],
)
def test_a_table_loses_its_schema_and_nothing_else_does(sql: str, expected: str | None) -> None:
    assert unqualified(sql, "a", "b") == (expected or sql)


def test_a_sign_for_percent_stays_doubled() -> None:
    assert unqualified('SELECT 1 FROM "s%%"."t%%"', "s%", "t%") == 'SELECT 1 FROM "t%%"'
