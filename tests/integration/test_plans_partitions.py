"""A partitioned table is one table: one finding, one index, told of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

import queryaudit
from queryaudit.cli import main
from tests.integration.test_cli_explain import url

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")

MADE = """
CREATE TABLE visit (id bigint NOT NULL, code text NOT NULL, at date NOT NULL, page int NOT NULL,
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE visit_2023 PARTITION OF visit FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
    PARTITION BY RANGE (at);
CREATE TABLE visit_2024_1 PARTITION OF visit_2024 FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE visit_2024_2 PARTITION OF visit_2024 FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE INDEX visit_page ON visit (page);
INSERT INTO visit SELECT i, 'C' || i, date '2023-01-01' + i % 730, i % 100
FROM generate_series(1, 12000) i;
ANALYZE visit_2023, visit_2024_1, visit_2024_2;
"""


@pytest.fixture
def visits(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(MADE)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE visit")


def ask(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.fetchall()


def by_code() -> None:
    ask("SELECT page FROM visit WHERE code = %s", "C7")


def latest() -> None:
    ask("SELECT page FROM visit ORDER BY code DESC LIMIT 5")


@pytest.mark.parametrize("mode", ["plan", "analyze"])
def test_a_filter_over_all_partitions_is_one_finding(visits: None, mode: str) -> None:
    with queryaudit.audit(explain=mode, select=["QA4"], test_files=[]) as audited:
        by_code()
    (finding,) = audited.findings
    assert finding.rule == "QA401"
    assert "12,000 rows of visit " in finding.message
    assert "no index leads there by code" in finding.message
    assert finding.fix is not None
    assert '"visit_code_idx" ON "visit" ("code")' in finding.fix.code
    assert "CONCURRENTLY" not in finding.fix.code
    assert "atomic" not in finding.fix.code
    assert "visit has 3 partitions" in (finding.fix.note or "")


def test_a_sort_over_all_partitions_is_one_finding(visits: None) -> None:
    with queryaudit.audit(explain="analyze", select=["QA4"], test_files=[]) as audited:
        latest()
    (finding,) = audited.findings
    assert finding.rule == "QA404"
    assert finding.fix is not None
    assert 'ON "visit" ("code" DESC)' in finding.fix.code


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT code FROM visit WHERE page = %s",  # an index of the whole table
        "SELECT code FROM visit WHERE id = %s",
        "SELECT code FROM visit_2023 WHERE page = %s",
    ],
)
def test_an_index_of_the_whole_serves_its_parts(visits: None, sql: str) -> None:
    with queryaudit.audit(explain="analyze", select=["QA4"], test_files=[]) as audited:
        ask(sql, 7)
    assert audited.findings == ()


def test_with_the_index_nothing_is_found(visits: None) -> None:
    ask_all = [by_code, latest]
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX visit_code_idx ON visit (code DESC)")
    with queryaudit.audit(explain="analyze", select=["QA4"], test_files=[]) as audited:
        for one in ask_all:
            one()
    assert audited.findings == ()


@pytest.mark.parametrize("where", ["database", "twin"])
def test_an_index_of_a_partitioned_table_is_not_tried(
    visits: None,
    tmp_path: Path,
    outer_path: Path,
    capsys: pytest.CaptureFixture[str],
    where: str,
) -> None:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        by_code()
    options = ["--database", url(), "--scratch"]
    if where == "twin":
        directory = str(outer_path / "twin")
        assert main(["twin", "create", "--from", url(), "--to", directory]) == 0
        options = ["--twin", directory]
    capsys.readouterr()
    assert main(["advise", str(path), *options]) == 0
    out = capsys.readouterr().out
    assert out.count("visit_code_idx") == 1
    assert "visit: models.Index" in out
    assert "the table is partitioned, and indexes are tried on others only" in out
    assert "visit_2023" not in out
