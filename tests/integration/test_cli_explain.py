"""``queryaudit explain`` on a database that the user named, with data of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

import queryaudit
from queryaudit.cli import main
from queryaudit.gate.verdict import ExitCode
from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Depot, Scan, Shipment, Trip


def url() -> str:
    settings = connection.settings_dict
    host, port = settings["HOST"], settings["PORT"]
    return f"postgresql:///{settings['NAME']}?host={host}&port={port}&user={settings['USER']}"


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """The large tables, where another connection sees them."""
    for model in (Trip, Scan, Shipment, Depot):
        model.objects.all().delete()
    fill_shipping(20_000, depots=200, scans=100)
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_trip, shop_scan, shop_shipment, shop_depot")


@pytest.fixture
def trace(transactional_db: None, tmp_path: Path) -> Path:
    """What a test without data asked."""
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
        Shipment.objects.filter(recipient="Person 1").count()
        Depot.objects.filter(name="gone")._raw_delete("default")
    return path


def test_a_trace_is_planned_on_a_database_with_data(
    trace: Path, committed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(trace), "--database", url(), "--no-color", "--baseline="]) == 1
    out = capsys.readouterr().out
    assert "planned for any values: skew does not show" in out
    assert "> Aggregate" in out
    assert "> └─ Seq Scan shop_shipment" in out
    assert "QA401 missing-index" in out
    assert "20,000 rows of shop_shipment would be read" in out
    assert "ESTIMATED" in out.upper()
    assert 'fields=["tracking_code"]' in out
    assert "T1" not in out.split("QA401 missing-index")[0]  # the plans stand before the findings


@pytest.mark.parametrize(("rows", "is_told"), [(21, True), (1, False), (5, False)])
def test_a_limit_that_is_not_reached_stops_no_scan(
    committed: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rows: int,
    is_told: bool,
) -> None:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        list(Shipment.objects.filter(tracking_code="T1").values_list("pk")[:rows])
    main(["explain", str(path), "--database", url(), "--no-color", "--baseline="])
    assert ("QA401" in capsys.readouterr().out) is is_told


def test_a_deletion_that_looks_through_a_table_is_told(
    trace: Path, committed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["explain", str(trace), "--database", url(), "--no-color", "--select=QA402"])
    out = " ".join(capsys.readouterr().out.split())
    assert "Deleting from shop_depot reads all 20,000 rows of shop_shipment for each row" in out
    assert "the foreign key depot_id has no index" in out


def test_a_trace_without_plans_has_none_to_draw(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["explain", str(trace), "--no-color", "--baseline="])
    assert "Seq Scan" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("mysql://host/name", "Plans of mysql are not read."),
        ("nonsense", "--database does not name a database."),
        ("sqlite:////nowhere/at.all", "There is no SQLite database at /nowhere/at.all."),
        ("postgresql://nobody@127.0.0.1:1/x", "The database can't be reached"),
    ],
)
def test_a_database_that_can_not_be_asked_is_a_sentence(
    trace: Path, capsys: pytest.CaptureFixture[str], database: str, message: str
) -> None:
    assert main(["explain", str(trace), "--database", database]) == 4
    assert message in capsys.readouterr().err


def test_sqlite_plans_are_drawn(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shop.sqlite3"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE shop_shipment (id integer, tracking_code text, recipient text)")
    database.execute("CREATE INDEX by_recipient ON shop_shipment (recipient)")
    database.close()
    main(["explain", str(trace), "--database", f"sqlite:///{path}", "--no-color"])
    out = capsys.readouterr().out
    assert "Scan shop_shipment" in out
    assert "shop_shipment using by_recipient" in out


def test_what_only_a_report_can_scan_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explain", str(tmp_path), "--scan", "."])
    assert ended.value.code == ExitCode.USAGE
    assert "unrecognized arguments: --scan" in capsys.readouterr().err


def test_a_plan_that_lost_its_index_is_told_once_another_was_accepted(
    transactional_db: None, committed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, accepted = tmp_path / "a.qatrace", tmp_path / "plans.json"
    with queryaudit.audit("a page", trace=str(trace), test_files=[]):
        Shipment.objects.filter(recipient="Person 1").count()
    asked = ["explain", str(trace), "--database", url(), "--no-color", "--baseline="]
    asked += ["--plan-baseline", str(accepted), "--select=QA409"]
    with connection.cursor() as cursor:
        assert main([*asked, "--accept-new"]) == 0
        assert f"{accepted}: 1 plans accepted." in capsys.readouterr().err
        assert "Person" not in accepted.read_text()
        assert main(asked) == 0
        capsys.readouterr()
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'shop_shipment'"
            " AND indexdef LIKE '%(recipient%'"
        )
        dropped = [name for (name,) in cursor.fetchall()]
        assert dropped
        for name in dropped:
            cursor.execute(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", (name,)
            )
        try:
            assert main(asked) in (0, 1)
            out = " ".join(capsys.readouterr().out.split())
        finally:
            for name in dropped:
                cursor.execute(
                    "UPDATE pg_index SET indisvalid = true WHERE indexrelid = %s::regclass",
                    (name,),
                )
    assert "QA409 plan-regression" in out
    assert "All of shop_shipment is read, to which an index led" in out


@pytest.mark.parametrize("text", ["", "{}", "[]", '[{"queryaudit-plans": 1}, {"alias": 1}]'])
def test_a_file_of_plans_that_is_none_is_a_sentence(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "plans.json"
    path.write_text(text)
    assert main(["explain", str(trace), "--plan-baseline", str(path)]) == 4
    assert f"The plans in {path} can't be read." in capsys.readouterr().err
