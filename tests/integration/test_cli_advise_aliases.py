"""``queryaudit advise`` where a router sends some queries to another database of the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.models import Model
from django.test import override_settings

import queryaudit
from queryaudit.cli import main
from sample_app.shop.models import Depot, Shipment

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
SHIPMENTS = """
INSERT INTO shop_shipment
SELECT (jsonb_populate_record(NULL::shop_shipment, to_jsonb(s) || jsonb_build_object(
    'id', i, 'tracking_code', 'T' || i, 'recipient', 'Person ' || i))).*
FROM generate_series(2, 20000) i, (SELECT * FROM shop_shipment LIMIT 1) s
"""
DEPOTS = """
INSERT INTO shop_depot
SELECT (jsonb_populate_record(NULL::shop_depot, to_jsonb(d) || jsonb_build_object(
    'id', i, 'name', 'Depot ' || i))).*
FROM generate_series(2, 20000) i, (SELECT * FROM shop_depot LIMIT 1) d
"""


class Router:
    """Shipments are elsewhere."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return "other" if model is Shipment else None

    db_for_write = db_for_read

    def allow_relation(self, *each: Model, **hints: Any) -> bool:
        return True


def url(alias: str) -> str:
    settings = connections[alias].settings_dict
    host, port = settings["HOST"], settings["PORT"]
    return f"postgresql:///{settings['NAME']}?host={host}&port={port}&user={settings['USER']}"


@pytest.fixture
def routed(transactional_db: None) -> Iterator[None]:
    """Depots are in ``default``, shipments in ``other``, which has a depot for them."""
    with override_settings(DATABASE_ROUTERS=[Router()]):
        for alias in ("default", "other"):
            depot = Depot.objects.using(alias).create(id=1, name="Depot 1")
        numbers = dict.fromkeys(("weight", "zone", "region", "lane"), 1)
        Shipment.objects.create(id=1, depot_id=depot.pk, tracking_code="T1", sent_at=NOW, **numbers)
        for alias, sql, table in (
            ("default", DEPOTS, "shop_depot"),
            ("other", SHIPMENTS, "shop_shipment"),
        ):
            with connections[alias].cursor() as cursor:
                cursor.execute(sql)
                cursor.execute(f"VACUUM ANALYZE {table}")
        yield
    for alias in ("default", "other"):
        with connections[alias].cursor() as cursor:
            cursor.execute("TRUNCATE shop_trip, shop_scan, shop_shipment, shop_depot")


@pytest.fixture
def trace(routed: None, tmp_path: Path) -> Path:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(tracking_code="T7").count()
        Depot.objects.filter(name="Depot 7").count()
    return path


def proved(report: Path) -> dict[tuple[str, str], str]:
    found = json.loads(report.read_text())["indexes"]
    return {(i["alias"], i["table"]): i["outcome"] for i in found}


@pytest.mark.django_db(databases=["default", "other"], transaction=True)
def test_each_database_has_a_workload_and_recommendations_of_its_own(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "advice.json"
    places = [f"--database={url('default')}", f"--database=other={url('other')}"]
    options = [*places, "--scratch", f"--output={report}", "--output=terminal"]
    assert main(["advise", str(trace), *options]) == 0
    assert proved(report) == {
        ("default", "shop_depot"): "proved",
        ("other", "shop_shipment"): "proved",
    }
    told = capsys.readouterr()
    assert "shop.Shipment on other: models.Index(" in told.out
    assert "no place is named" not in told.err


@pytest.mark.django_db(databases=["default", "other"], transaction=True)
def test_what_is_asked_on_a_database_without_a_place_is_said_and_not_planned_elsewhere(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE shop_shipment RENAME TO shop_gone")
    try:
        assert main(["advise", str(trace), "--database", url("default"), "--scratch"]) == 0
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("ALTER TABLE shop_gone RENAME TO shop_shipment")
    told = capsys.readouterr()
    assert "1 index to add, proved by execution" in told.out
    assert "for which no place is named: other (1)" in told.err
    assert "could not be planned" not in told.err


@pytest.mark.django_db(databases=["default", "other"], transaction=True)
def test_an_alias_that_is_meant_needs_no_name(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "advice.json"
    options = ["--alias=other", f"--database={url('other')}", f"--output={report}", "--scratch"]
    assert main(["advise", str(trace), *options]) == 0
    assert proved(report) == {("other", "shop_shipment"): "proved"}


@pytest.mark.django_db(databases=["default", "other"], transaction=True)
def test_explain_plans_each_statement_where_it_was_asked(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["explain", str(trace), "--no-color", "--baseline="]
    places = [f"--database={url('default')}", f"--database=other={url('other')}"]
    assert main([*options, *places]) == 1
    told = capsys.readouterr()
    assert "> └─ Seq Scan shop_shipment" in told.out
    assert "> └─ Seq Scan shop_depot" in told.out
    assert "for which no place is named" not in told.err
    assert main([*options, places[1]]) == 1
    told = capsys.readouterr()
    assert "Seq Scan shop_shipment" in told.out
    assert "Seq Scan shop_depot" not in told.out
    assert "for which no place is named: default (1)" in " ".join((told.out + told.err).split())
