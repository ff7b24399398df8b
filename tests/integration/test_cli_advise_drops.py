"""A redundant index is dropped from a copy of its table before it is said that nobody needs it."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

import queryaudit
from queryaudit.cli import main
from sample_app.shop.models import Depot, Shipment, Trip
from tests.integration.test_cli_explain import committed, url
from tests.integration.test_plans_sqlite import database

__all__ = ["committed"]
ROWS = 20_000


@pytest.fixture
def trace(db: None, tmp_path: Path) -> Path:
    return tmp_path / "a.qatrace"


def report(trace: Path, *options: str) -> dict[str, Any]:
    path = trace.with_name("report.json")
    assert main(["advise", str(trace), f"--output=json:{path}", "--output=terminal", *options]) == 0
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def redundant(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in report["findings"] if finding["rule"] == "QA407"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the weight of a shipment has an index, and begins a longer one with its long note."""
    monkeypatch.chdir(tmp_path)
    database(tmp_path, ROWS)
    path = tmp_path / "shop.sqlite3"
    with closing(sqlite3.connect(path)) as made:
        made.execute("UPDATE shop_shipment SET note = printf('%.1500c', 'x')")
        made.execute("CREATE INDEX short ON shop_shipment (weight)")
        made.execute("CREATE INDEX long ON shop_shipment (weight, note)")
        made.commit()
    return path


def on_file(trace: Path, file: Path) -> dict[str, Any]:
    return report(trace, "--database", f"sqlite:///{file}")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_what_takes_as_long_without_it_is_proof(
    transactional_db: None, committed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "a.qatrace"
    pk = Depot.objects.order_by("pk").values_list("pk", flat=True)[0]
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        list(Trip.objects.filter(depot=pk).order_by("pk").values_list())
    assert main(["advise", str(trace), "--database", url(), "--scratch"]) == 0
    out = capsys.readouterr().out
    assert "is the beginning of trip_of_depot, which does the same and more." in out
    assert "PROVED: " in out
    assert re.search(
        r"Dropped from a copy, the statement .+ as long|On a copy the planner uses", out
    )
    assert "depot = models.ForeignKey(..., db_index=False)" in out


def test_so_it_is_on_sqlite(trace: Path, file: Path) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        list(Shipment.objects.filter(weight=7).values_list("pk")[:20])
    [finding] = redundant(on_file(trace, file))
    assert finding["evidence"]["grade"] == "proved"
    assert finding["evidence"]["text"] == (
        "short (weight) beside long (weight, note). Dropped from a copy, the statement that uses "
        "it takes as long without it"
    )


def test_an_index_that_is_missed_is_no_finding(trace: Path, file: Path) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(weight__gte=0).count()
    found = on_file(trace, file)
    assert redundant(found) == []
    [suppressed] = [each for each in found["suppressed"] if each["rule"] == "QA407"]
    assert suppressed["reason"].startswith("refuted: without it a statement takes ")


def test_an_index_that_no_statement_uses_is_told_without_proof(trace: Path, file: Path) -> None:
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(pk=7).count()
    [finding] = redundant(on_file(trace, file))
    assert finding["evidence"]["grade"] == "observed"
    assert "Not tried: no statement that could be tried uses it" in finding["evidence"]["text"]
