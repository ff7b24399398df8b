"""``advise`` and ``explain=analyze`` on tables that are not plain ones: names to be quoted, other
schemas, generated columns, views, inheritance, partitions."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

import queryaudit
from queryaudit.cli import main
from tests.integration.test_cli_explain import url

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")

ROWS = "FROM generate_series(1, 20000) i"
MADE = f"""
CREATE SCHEMA odd;
CREATE TABLE odd."Order % ""x"" y" (id bigint PRIMARY KEY, "the Code%" text NOT NULL,
    "select" int NOT NULL, total numeric NOT NULL,
    doubled numeric GENERATED ALWAYS AS (total * 2) STORED);
INSERT INTO odd."Order % ""x"" y" SELECT i, 'C' || i, i % 5000, i {ROWS};
CREATE TABLE odd.letter (id bigint PRIMARY KEY, code text NOT NULL, kind int NOT NULL);
INSERT INTO odd.letter SELECT i, 'L' || i, i % 9 {ROWS};
CREATE VIEW odd.opened AS SELECT * FROM odd.letter WHERE kind > 3;
CREATE MATERIALIZED VIEW odd.kept AS SELECT id, code, kind FROM odd.letter;
CREATE TABLE odd.parcel (weight int) INHERITS (odd.letter);
CREATE TABLE odd.alone (id bigint PRIMARY KEY, code text NOT NULL);
INSERT INTO odd.alone SELECT i, 'A' || i {ROWS};
CREATE VIEW odd.seen AS SELECT * FROM odd.alone;
CREATE TABLE odd.visit (id bigint, code text) PARTITION BY RANGE (id);
CREATE TABLE odd.visit_1 PARTITION OF odd.visit FOR VALUES FROM (0) TO (10001);
CREATE TABLE odd.visit_2 PARTITION OF odd.visit FOR VALUES FROM (10001) TO (99999);
CREATE TABLE odd.page (id bigint PRIMARY KEY, words tsvector NOT NULL);
INSERT INTO odd.page SELECT i, to_tsvector('simple', 'all w' || i % 5000 || ' it''s' || i % 7)
    {ROWS};
INSERT INTO odd.visit SELECT i, 'V' || i {ROWS};
"""
ANALYSED = ('odd."Order % ""x"" y"', "odd.letter", "odd.kept", "odd.alone", "odd.page", "odd.visit")


@pytest.fixture
def odd(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(MADE)
        for table in ANALYSED:
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("SET search_path = odd, public")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET search_path")
        cursor.execute("DROP SCHEMA odd CASCADE")


def ask(sql: str, value: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, value if isinstance(value, tuple) else (value,))
        cursor.fetchall()


ORDER = '"Order %% ""x"" y"'
QUOTED = (f'SELECT total FROM {ORDER} WHERE "the Code%%" = %s', "C7")
KEYWORD = (f'SELECT doubled FROM {ORDER} WHERE "select" = %s', 7)
GENERATED = (f"SELECT id FROM {ORDER} WHERE doubled = %s", 8)
PATH = ("SELECT id FROM alone WHERE code = %s", "A7")
SCHEMA = ("SELECT id FROM odd.alone WHERE code = %s", "A7")
NAMED = (f'SELECT "odd".{ORDER}."id" FROM "odd".{ORDER} WHERE "odd".{ORDER}."select" = %s', 7)
WORDS = ("SELECT id FROM page WHERE words @@ (plainto_tsquery(%s))", "w7")
SEARCH = (
    "SELECT id FROM page WHERE words @@ (websearch_to_tsquery(%s::regconfig, %s))",
    ("simple", "w7"),
)
VIEW = ("SELECT id FROM seen WHERE code = %s", "A7")
MATERIALIZED = ("SELECT id FROM kept WHERE code = %s", "L7")
PARENT = ("SELECT id FROM letter WHERE code = %s", "L7")
PARTITIONED = ("SELECT id FROM visit WHERE code = %s", "V7")


@pytest.mark.parametrize(
    ("asked", "outcome", "reason"),
    [
        (QUOTED, "proved", "used, faster"),
        (KEYWORD, "proved", "used, faster"),
        (GENERATED, "proved", "used, faster"),
        (PATH, "proved", "used, faster"),
        (MATERIALIZED, "proved", "used, faster"),
        (SCHEMA, "proved", "used, faster"),
        (NAMED, "proved", "used, faster"),
        (WORDS, "proved", "used, faster"),
        (SEARCH, "proved", "used, faster"),
        (VIEW, "unknown", "its statements read the table by another name"),
        (PARENT, "unknown", "other tables inherit from it"),
        (PARTITIONED, "unknown", "the table is partitioned"),
    ],
)
def test_a_table_gets_an_index_or_a_reason(
    odd: None, tmp_path: Path, asked: tuple[str, object], outcome: str, reason: str
) -> None:
    trace, report = tmp_path / "a.qatrace", tmp_path / "report.json"
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        ask(*asked)
    database = f"{url()}&options=-csearch_path%3Dodd,public"
    options = ["--database", database, "--scratch", f"--output={report}"]
    assert main(["advise", str(trace), *options]) == 0
    [index] = json.loads(report.read_text())["indexes"]
    assert index["outcome"] == outcome
    assert reason in index["reason"]
    ast.parse(index["code"])
    assert "migrations.RunSQL(" in index["code"]
    if outcome == "proved":
        run(index["code"])


def run(code: str) -> None:
    """What the migration has, there and back, on the real table."""
    call = next(
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "migrations.RunSQL"
    )
    with connection.cursor() as cursor:
        for statement in call.args:
            cursor.execute(ast.literal_eval(statement))


@pytest.mark.parametrize(
    ("asked", "table"),
    [
        (QUOTED, 'Order % "x" y'),
        (KEYWORD, 'Order % "x" y'),
        (GENERATED, 'Order % "x" y'),
        (PATH, "alone"),
        (SCHEMA, "alone"),
        (NAMED, 'Order % "x" y'),
        (WORDS, "page"),
        (VIEW, "alone"),
        (MATERIALIZED, "kept"),
        (PARENT, "letter"),
        (PARTITIONED, "visit"),
    ],
)
def test_a_table_that_is_read_as_a_whole_is_named(
    odd: None, asked: tuple[str, object], table: str
) -> None:
    with queryaudit.audit(explain="analyze", select=["QA4"], test_files=[], strict=True) as found:
        ask(*asked)
    [finding] = found.findings
    assert finding.rule == "QA401"
    assert f"20,000 rows of {table} are read to find" in finding.message
    assert finding.fix is not None
    ast.parse(finding.fix.code)
