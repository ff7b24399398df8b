"""Scans of SQLite are judged where a statement's own text says what they are for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.db.models import Q

import queryaudit
from queryaudit.cli import main
from sample_app.shop.models import Shipment

ROWS = 5_000


def database(path: Path, rows: int = ROWS) -> str:
    """A file with the table of Shipment: codes of their own, nine carriers."""
    file = path / "shop.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute(
        "CREATE TABLE shop_shipment (id integer PRIMARY KEY, tracking_code text, recipient text,"
        " carrier text, weight integer, note text)"
    )
    connection.executemany(
        "INSERT INTO shop_shipment VALUES (?, ?, ?, ?, ?, 'x')",
        [(i, f"T{i}", f"Person {i % 500}", f"carrier {i % 9}", i % 50) for i in range(rows)],
    )
    connection.execute("CREATE INDEX by_recipient ON shop_shipment (recipient)")
    connection.commit()
    connection.close()
    return f"sqlite:///{file}"


def found(trace: Path, url: str, capsys: pytest.CaptureFixture[str]) -> str:
    main(["explain", str(trace), "--database", url, "--no-color", "--baseline="])
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture
def trace(db: None, tmp_path: Path) -> Path:
    return tmp_path / "a.qatrace"


def test_a_scan_for_one_value_of_many_is_told(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
    out = found(trace, database(tmp_path), capsys)
    assert "QA401 missing-index" in out
    assert "5,000 rows of shop_shipment would be read to find 1: no index leads there by" in out
    assert "EXPLAIN QUERY PLAN, with rows counted and values sampled" in out
    assert 'fields=["tracking_code"]' in out
    assert "AddIndexConcurrently" not in out


@pytest.mark.parametrize(
    "condition",
    [
        Q(recipient="Person 1"),  # there is an index
        Q(pk=1),
        Q(carrier="carrier 1"),  # one row in nine
        Q(tracking_code="T1") | Q(carrier="carrier 1"),  # not only equalities
        Q(tracking_code__in=["T1", "T2"]),
        Q(weight__gt=3),
        Q(),
    ],
)
def test_what_an_index_would_not_change_or_is_not_known_is_silent(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], condition: Q
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(condition).count()
    assert "QA40" not in found(trace, database(tmp_path), capsys)


def test_what_stops_early_is_silent(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").values_list("pk").first()
        list(Shipment.objects.filter(tracking_code="T2").values_list("pk")[:3])
    assert "QA401" not in found(trace, database(tmp_path), capsys)


def test_a_small_table_is_silent(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
    for rows in (0, 1_000, 1_999):
        (tmp_path / str(rows)).mkdir()
        assert "QA40" not in found(trace, database(tmp_path / str(rows), rows), capsys)
