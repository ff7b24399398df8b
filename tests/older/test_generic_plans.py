"""Plans for any values where EXPLAIN has no option for them: PostgreSQL 14 and 15."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

import queryaudit
from queryaudit.cli import main
from queryaudit.plans.generic import GenericPlanner
from queryaudit.plans.server import Limits
from queryaudit.plans.url_server import UrlServer
from queryaudit.records.plans import PlanMode
from sample_app.shop.models import Depot, Shipment


@pytest.fixture
def trace(transactional_db: None, tmp_path: Path) -> Path:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
        Depot.objects.filter(name="gone")._raw_delete("default")
    return path


def test_a_trace_is_planned_there_and_judged(
    older: str, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(trace), "--database", older, "--no-color", "--baseline="]) == 1
    out = capsys.readouterr().out
    assert "planned for any values: skew does not show" in out
    assert "> └─ Seq Scan shop_shipment" in out
    assert "100,000 rows of shop_shipment would be read" in out
    assert 'fields=["tracking_code"]' in out
    assert "QA402" in out  # the deletion


def test_what_a_user_may_not_read_is_said_and_nothing_stays_prepared(
    older: str, server: UrlServer
) -> None:
    stranger = older.replace("user=postgres", "user=stranger")
    with closing(UrlServer.connect(stranger)) as asked:
        planner = GenericPlanner(asked)
        with asked.guarded(Limits()):
            with pytest.raises(Exception, match="permission denied"):
                planner.root("UPDATE shop_shipment SET note = $1", "VERBOSE")
            found = planner.plan("SELECT id FROM shop_depot WHERE id = $1", None, id=1, alias="x")
            assert found.mode is PlanMode.GENERIC
            assert [node.kind for node in found.nodes] == ["Index Only Scan"]
            assert asked.run("SHOW plan_cache_mode") == [("auto",)]
        assert asked.run("SELECT name FROM pg_prepared_statements") == []
