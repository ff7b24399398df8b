"""Statements are explained on the connection that ran them, and nobody notices."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

import queryaudit
from queryaudit.judging import Analysis
from queryaudit.plans import explainer
from queryaudit.plans.server import Limits
from queryaudit.project import project_config
from queryaudit.records.report import Report
from queryaudit.replay import analyse
from sample_app.shop.filling import fill_shipping
from sample_app.shop.models import Book, Depot, Shipment

SECRET = "T7x1"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with others makes nothing take too long."""
    limits = Limits(statement_ms=300_000, lock_ms=300_000)
    monkeypatch.setattr(explainer, "Limits", lambda: limits)


@pytest.fixture
def shipping(db: None) -> None:
    fill_shipping(20_000, depots=100, scans=100)


def modes(report: Report) -> list[tuple[str, str]]:
    return [(plan.mode, plan.reason) for plan in report.plans]


def test_rows_that_are_not_committed_are_explained(shipping: None) -> None:
    with queryaudit.audit(explain="analyze") as audited:
        Shipment.objects.filter(tracking_code=SECRET).count()
    [plan] = audited.report.plans
    assert plan.mode == "analyzed"
    assert plan.calls == 1
    scan = plan.steps[-1]
    assert (scan.kind, scan.target) == ("Seq Scan", "shop_shipment")
    assert (scan.rows, scan.removed) == (1, 19_999)
    assert scan.expensive
    [finding] = audited.findings
    assert finding.rule == "QA401"
    assert finding.location.source == "Shipment.objects.filter(tracking_code=SECRET).count()"


def test_nothing_is_explained_unasked(shipping: None) -> None:
    with queryaudit.audit() as audited:
        Shipment.objects.filter(tracking_code=SECRET).count()
    assert audited.report.plans == ()
    assert audited.findings == ()


def test_a_plan_without_execution_is_an_estimate(shipping: None) -> None:
    with queryaudit.audit(explain="plan") as audited:
        Shipment.objects.filter(tracking_code=SECRET).count()
    [plan] = audited.report.plans
    assert plan.mode == "planned"
    assert {step.rows for step in plan.steps} == {None}
    [finding] = audited.findings
    assert finding.evidence.grade.name == "ESTIMATED"


def test_a_table_without_statistics_is_not_estimated(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_depot (name) SELECT i FROM generate_series(1, 20000) i")
    with queryaudit.audit(explain="plan") as audited:
        Depot.objects.filter(name="77").count()
    assert len(audited.report.plans) == 1
    assert audited.findings == ()


def test_our_questions_are_counted_by_nobody(shipping: None) -> None:
    with CaptureQueriesContext(connection) as seen, queryaudit.audit(explain="analyze") as audited:
        Shipment.objects.filter(tracking_code=SECRET).count()
    assert len(seen) == 1
    assert audited.queries == 1


def test_what_locks_or_acts_is_not_executed_again(shipping: None) -> None:
    with queryaudit.audit(explain="analyze") as audited:
        list(Depot.objects.select_for_update().filter(name="Depot 7"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (77,))
            cursor.execute("SELECT nextval('shop_depot_id_seq')")
            [before] = cursor.fetchone()
        Depot.objects.filter(name="Depot 8").update(name=F("name"))
        Depot.objects.filter(name="no such depot").delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('shop_depot_id_seq')")
        assert cursor.fetchone() == (before + 1,)
    assert {mode for mode, _ in modes(audited.report)} <= {"planned", "analyzed"}
    reasons = {reason for mode, reason in modes(audited.report) if mode == "planned"}
    assert "it calls nextval(), which may do something" in reasons
    assert "it calls pg_try_advisory_xact_lock(), which may do something" in reasons
    assert "it says UPDATE, so it may write or lock" in reasons
    assert "it writes" in reasons


def test_a_broken_transaction_is_left_alone(shipping: None) -> None:
    with queryaudit.audit(explain="analyze") as audited:
        try:
            with transaction.atomic():
                Depot.objects.count()
                connection.set_rollback(True)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
        except transaction.TransactionManagementError:
            pass
        connection.needs_rollback = True
    connection.needs_rollback = False
    assert audited.report.plans == ()


def test_the_transaction_is_as_it_was(shipping: None) -> None:
    with queryaudit.audit(explain="analyze"):
        Shipment.objects.filter(tracking_code=SECRET).count()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)
    Depot.objects.create(name="still writable")


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_none_stays_open() -> None:
    with queryaudit.audit(explain="analyze") as audited:
        Depot.objects.filter(name="Depot 7").count()
    assert len(audited.report.plans) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = 'shop_depot'::regclass")
        assert cursor.fetchone() == (0,)
    assert connection.get_autocommit()


def test_a_statement_that_the_server_refuses_says_so(shipping: None) -> None:
    with queryaudit.audit(explain="analyze") as audited, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE passing AS SELECT 1 AS n")
        cursor.execute("SELECT n FROM passing")
        cursor.execute("DROP TABLE passing")
    assert modes(audited.report) == [("refused", "the server refused: UndefinedTable")]


def test_an_execution_that_takes_too_long_is_planned(shipping: None) -> None:
    limits = Limits(statement_ms=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explainer, "Limits", lambda: limits)
        patch.setattr(explainer.Explainer, "_execution_ns", lambda self: 10**12)
        with queryaudit.audit(explain="analyze") as audited, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM shop_shipment a, shop_depot b WHERE a.id > b.id")
    [plan] = audited.report.plans
    assert plan.mode == "planned"
    assert plan.reason == "executing it again ended in QueryCanceled"
    Depot.objects.count()


@pytest.mark.django_db(transaction=True)
def test_what_was_refused_is_asked_for_again() -> None:
    """Somebody holds a lock for a while: that is no word on the statement."""
    limits = Limits(lock_ms=1)
    holder = connection.copy()
    with pytest.MonkeyPatch.context() as patch, contextlib.closing(holder):
        patch.setattr(explainer, "Limits", lambda: limits)
        with queryaudit.audit(explain="analyze") as audited:
            for is_locked in (True, False):
                with queryaudit.audit("a page"):
                    Depot.objects.filter(name="Depot 7").count()
                    if is_locked:
                        holder.set_autocommit(False)
                        with holder.cursor() as cursor:
                            cursor.execute("LOCK TABLE shop_depot")
                holder.rollback()
    assert modes(audited.report) == [("analyzed", "")]


def test_a_trace_has_the_plans_and_no_value(shipping: None, tmp_path: Path) -> None:
    trace = tmp_path / "a.qatrace"
    number = 1200 + 34
    options = {"explain": "analyze", "trace": str(trace), "test_files": []}
    with queryaudit.audit("block", **options) as audited:
        Shipment.objects.filter(tracking_code=SECRET).count()
        Shipment.objects.filter(recipient__icontains=f"son {number}").count()
        list(Book.objects.all())
    text = trace.read_text("utf-8")
    assert SECRET not in text
    assert f"son {number}" not in text
    # Digests and times have the same figures now and then, among others.
    assert re.search(rf"(?<![\d.-]){number}(?![\d.])", text) is None
    config = project_config({"small-table": 2000})
    analysis = Analysis(config)
    assert analyse([trace], analysis) == []
    replayed = analysis.report()
    assert replayed.plans == audited.report.plans
    assert [f.fingerprint for f in replayed.findings] == [f.fingerprint for f in audited.findings]
    assert {f.rule for f in replayed.findings} == {"QA401", "QA403"}


def test_an_ignored_finding_is_counted(shipping: None) -> None:
    ignored = queryaudit.ignore("QA4", reason="a report of the night")
    with queryaudit.audit(explain="analyze") as audited, ignored:
        Shipment.objects.filter(tracking_code=SECRET).count()
    assert audited.findings == ()
    [suppressed] = audited.report.suppressed
    assert suppressed.rule == "QA401"


def test_one_index_is_one_finding_wherever_it_is_missed(shipping: None) -> None:
    with queryaudit.audit(explain="analyze") as audited:
        Shipment.objects.filter(tracking_code=SECRET).count()
        list(Shipment.objects.filter(tracking_code=SECRET))
    [finding] = audited.findings
    assert len(finding.causes) == 2
    assert finding.fix is not None
    assert 'fields=["tracking_code"]' in finding.fix.code
    assert "AddIndexConcurrently" in finding.fix.code


def test_the_model_of_somebody_else_is_not_edited(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user (username, password, first_name, last_name, email, is_staff,"
            " is_superuser, is_active, date_joined) SELECT 'u' || i, '', '', '', i || '@x.org',"
            " false, false, true, now() FROM generate_series(1, 5000) i"
        )
    with queryaudit.audit(explain="analyze") as audited:
        User.objects.filter(email="77@x.org").count()
    [finding] = audited.findings
    assert finding.fix is not None
    assert "class User" not in finding.fix.code
    assert "CREATE INDEX CONCURRENTLY" in finding.fix.code
    compile(finding.fix.code, "migration", "exec")


def test_what_is_mostly_written_gets_no_index(shipping: None) -> None:
    shipment = Shipment.objects.get(tracking_code=SECRET)
    with queryaudit.audit(explain="analyze") as audited:
        for weight in range(30):
            Shipment.objects.filter(pk=shipment.pk).update(weight=weight)
        Shipment.objects.filter(tracking_code=SECRET).count()
    assert [f.rule for f in audited.findings if f.rule.startswith("QA4")] == []


def test_a_table_is_small_below_the_option(shipping: None) -> None:
    with queryaudit.audit(explain="analyze", small_table=50_000) as audited:
        Shipment.objects.filter(tracking_code=SECRET).count()
    assert audited.findings == ()
