"""``queryaudit advise``: indexes that were built on copies, used, and timed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Upper

import queryaudit
from queryaudit.cli import main
from queryaudit.twin.session import Twin
from sample_app.shop.models import Depot, Shipment
from tests.integration.test_cli_explain import committed, url

__all__ = ["committed"]


@pytest.fixture
def trace(transactional_db: None, tmp_path: Path) -> Path:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        for code in ("T1", "T2", "T3"):
            Shipment.objects.filter(tracking_code=code).count()
        list(Shipment.objects.filter(recipient__iexact="PERSON 7").values_list("pk"))
        list(Shipment.objects.order_by("-weight").values_list("pk", flat=True)[:10])
        Shipment.objects.filter(recipient="Person 1").count()
        Shipment.objects.filter(carrier="dove").count()
        list(Depot.objects.annotate(loud=Upper("name")).filter(name="gone"))
    return path


def state() -> list[tuple[object, ...]]:
    """All that must be as before: relations, indexes, and the counters of autovacuum."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT relname, relkind, relpages, reltuples, relhasindex FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'public' AND relname ~ '^shop_(shipment|depot|scan|trip)' ORDER BY 1"
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT relname, n_live_tup, n_mod_since_analyze, last_analyze, n_tup_ins"
            " FROM pg_stat_user_tables"
            " WHERE schemaname = 'public' AND relname ~ '^shop_(shipment|depot)' ORDER BY 1"
        )
        return [*rows, *cursor.fetchall()]


def set_autovacuum(how: str) -> None:
    with connection.cursor() as cursor:
        for table in ("shop_depot", "shop_scan", "shop_shipment", "shop_trip"):
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = {how})")


def test_an_index_is_recommended_once_it_was_built_used_and_faster(
    trace: Path, committed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    set_autovacuum("off")
    before = state()
    assert main(["advise", str(trace), "--database", url(), "--scratch"]) == 0
    out = capsys.readouterr().out
    proved = out.partition("Tried, and")[0]
    assert "proved by execution" in proved
    assert 'models.Index(fields=["tracking_code"]' in proved
    assert 'models.Index(Upper("recipient")' in proved
    assert "AddIndexConcurrently" in proved
    assert "asked 3 times, at tests/integration/test_cli_advise.py:" in proved
    assert "times faster, at least" in proved
    assert "carrier" not in proved
    assert state() == before
    set_autovacuum("on")


def test_findings_of_a_report_carry_the_proof_of_their_index(
    trace: Path, committed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {name: tmp_path / f"report.{name}" for name in ("json", "html", "markdown", "sarif")}
    outputs = [f"--output={name}:{path}" for name, path in pages.items()]
    assert main(["advise", str(trace), "--database", url(), "--scratch", *outputs]) == 0
    assert "proved by execution" in capsys.readouterr().out
    report = json.loads(pages["json"].read_text())
    told = {f["rule"]: f["evidence"] for f in report["findings"] if "tracking_code" in f["message"]}
    assert told["QA401"]["grade"] == "proved"
    assert "was built on a copy and used" in told["QA401"]["text"]
    markdown = pages["markdown"].read_text()
    assert "to add" in markdown
    assert "<code>sample_app/shop/models/shipping.py:" in markdown
    results = json.loads(pages["sarif"].read_text())["runs"][0]["results"]
    notes = [r for r in results if r["message"]["text"].startswith("Add models.Index(")]
    for note in notes:
        [place] = note["locations"]
        assert place["logicalLocations"] == [{"fullyQualifiedName": "Shipment"}]
        line = place["physicalLocation"]["region"]["startLine"]
        source = Path(place["physicalLocation"]["artifactLocation"]["uri"]).read_text("utf-8")
        assert source.splitlines()[line - 1] == "class Shipment(models.Model):"
    assert len(notes) >= 2
    html = pages["html"].read_text()
    assert 'id="indexes"' in html
    assert "WAL per insert" in html
    by_outcome = {index["outcome"] for index in report["indexes"]}
    assert "proved" in by_outcome
    sizes = [index["wal_bytes"] for index in report["indexes"] if index["outcome"] == "proved"]
    assert all(50 <= size <= 200 for size in sizes)


def test_an_or_has_an_index_for_each_arm_or_none(
    transactional_db: None, committed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(Q(tracking_code="T1x1") | Q(note="secret")).count()
        Shipment.objects.filter(tracking_code="T1x1").count()
    options = ["advise", str(path), "--database", url(), "--scratch"]
    assert main(options) == 0
    out = capsys.readouterr().out
    assert "2 indexes to add, proved by execution" in out
    assert 'models.Index(fields=["tracking_code"]' in out
    assert 'models.Index(fields=["note"]' in out
    assert "only together with shop_shipment_note_idx" in out
    by_note = out.partition('models.Index(fields=["note"]')[2].partition("class Shipment")[0]
    assert by_note.count("times faster, at least") == 1
    assert " OR " in by_note
    assert main([*options, "--max-indexes=1"]) == 0
    out = capsys.readouterr().out
    assert "only together" not in out.partition("Not tried: ")[0]
    assert "there are as many indexes as were allowed" in out


@pytest.mark.parametrize(
    "condition",
    [
        {"sent_at__date": date(2024, 1, 2)},
        {"sent_at__date__in": [date(2024, 1, 2), date(2024, 1, 3)]},
        {"sent_at__date__range": (date(2024, 1, 2), date(2024, 1, 3))},
    ],
)
def test_dates_of_moments_are_those_of_the_settings_time_zone(
    transactional_db: None,
    committed: None,
    tmp_path: Path,
    condition: dict[str, object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shop_shipment SET sent_at = timestamptz '2024-01-01Z' + id * interval '1 hour'"
        )
        cursor.execute("ANALYZE shop_shipment")
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(**condition).count()
    assert main(["advise", str(path), "--database", url(), "--scratch"]) == 0
    proved = capsys.readouterr().out.partition("Tried, and")[0]
    assert "1 index to add, proved by execution" in proved
    assert 'models.Index(TruncDate("sent_at")' in proved
    assert "from django.db.models.functions import TruncDate" in proved


def test_part_of_a_document_is_looked_for_with_values_that_are_there(
    transactional_db: None, committed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shop_shipment SET details = jsonb_build_object('batch', id % 5000, 'kind', 'a')"
        )
        cursor.execute("ANALYZE shop_shipment")
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(details__contains={"batch": 7}).count()
    assert main(["advise", str(path), "--database", url(), "--scratch"]) == 0
    proved = capsys.readouterr().out.partition("Tried, and")[0]
    assert "1 index to add, proved by execution" in proved
    assert 'GinIndex(fields=["details"]' in proved


def test_nothing_is_built_in_a_database_that_is_not_for_it(
    trace: Path, committed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["advise", str(trace), "--database", url()]) == 0
    out = capsys.readouterr().out
    assert "proved" not in out
    assert "Ideas from plans, not tried: --scratch allows to" in out
    assert 'fields=["tracking_code"]' in out


def test_what_an_index_may_cost_is_kept_to(
    trace: Path, committed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--scratch", "--max-indexes=1"]
    assert main(["advise", str(trace), "--database", url(), *options]) == 0
    out = capsys.readouterr().out
    assert "1 index to add" in out
    assert "there are as many indexes as were allowed" in out
    assert main(["advise", str(trace), "--database", url(), "--scratch", "--max-bytes=1"]) == 0
    out = capsys.readouterr().out
    assert "to add" not in out
    assert "it would take more space than was allowed" in out


def test_a_statement_that_names_the_schema_runs_on_the_copy(
    transactional_db: None,
    committed: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "a.qatrace"
    with (
        queryaudit.audit("a page", trace=str(path), test_files=[]),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            'SELECT note FROM "public"."shop_shipment" WHERE tracking_code = %s', ("T1",)
        )
    assert main(["advise", str(path), "--database", url(), "--scratch"]) == 0
    out = capsys.readouterr().out
    assert "1 index to add, proved by execution" in out
    assert 'models.Index(fields=["tracking_code"]' in out


def test_a_database_without_data_needs_nothing(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["advise", str(trace), "--database", url(), "--scratch"]) == 0
    assert "No statement of these traces" in capsys.readouterr().out


def test_a_twin_estimates_and_never_proves(
    trace: Path, committed: None, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = outer_path / "twin"
    assert main(["twin", "create", "--from", url(), "--to", str(twin)]) == 0
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_scan, shop_shipment")  # what is planned is what was there
    capsys.readouterr()
    assert main(["advise", str(trace), "--twin", str(twin)]) == 0
    out = capsys.readouterr().out
    assert "to add, ESTIMATED by the planner alone" in out
    assert "proved" not in out.lower()
    recommended = out.partition("Tried, and")[0]
    assert 'models.Index(fields=["tracking_code"]' in recommended
    assert 'models.Index(Upper("recipient")' in recommended
    assert "times cheaper, by the planner's estimate" in recommended
    assert "planned on the statistics twin of test_default" in recommended
    assert "AddIndexConcurrently" in recommended
    assert "asked 3 times, at tests/integration/test_cli_advise.py:" in recommended
    assert "carrier" not in recommended
    options = ["--max-indexes=1"]
    assert main(["advise", str(trace), "--twin", str(twin), *options]) == 0
    out = capsys.readouterr().out
    assert "1 index to add, ESTIMATED" in out
    assert "there are as many indexes as were allowed" in out
    with Twin(twin) as found:
        [[indexes]] = found.server.run(
            "SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%\\_idx'"
            " AND tablename = 'shop_shipment' AND indexdef LIKE '%tracking_code%'"
        )
        assert indexes == 0


@pytest.mark.parametrize("options", [[], ["--database=x", "--twin=y"]])
def test_one_place_is_named_to_plan_in(
    trace: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["advise", str(trace), *options])
    assert caught.value.code == 4
    assert "--twin" in capsys.readouterr().err
