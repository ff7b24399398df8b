"""``queryaudit advise`` that breaks off says what it has, and goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

import queryaudit
from queryaudit.cli import main
from queryaudit.commands import advise
from queryaudit.errors import ExitCode
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof import pricing
from queryaudit.proof.budget import Budget
from queryaudit.proof.postgres_laboratory import PostgresLaboratory
from queryaudit.records.plans import Relation
from sample_app.shop.models import Shipment
from tests.integration.test_cli_explain import committed, url

__all__ = ["committed"]


@pytest.fixture
def trace(transactional_db: None, tmp_path: Path) -> Path:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
        list(Shipment.objects.order_by("-weight").values_list("pk", flat=True)[:10])
        list(Shipment.objects.filter(recipient__iexact="PERSON 7").values_list("pk"))
        Shipment.objects.filter(carrier="dove").count()
    return path


@pytest.fixture
def laboratory(committed: None) -> Iterator[PostgresLaboratory]:
    with closing(UrlServer.connect(url())) as server:
        yield PostgresLaboratory(server, {}, Budget(), lambda _: None)


def interrupted() -> None:
    raise KeyboardInterrupt


def lost() -> None:
    """The server ends all sessions but the one of the tests."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def proved(report: Path) -> dict[str, Any]:
    found = json.loads(report.read_text())["indexes"]
    return {index["title"]: index for index in found if index["outcome"] == "proved"}


@pytest.mark.parametrize("breaking", [interrupted, lost])
@pytest.mark.parametrize("moment", ["2/", "without "])
def test_what_was_proved_before_it_broke_off_is_not_tried_again(
    trace: Path,
    committed: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    breaking: Callable[[], None],
    moment: str,
) -> None:
    report = tmp_path / "advice.json"
    state = tmp_path / "advice.json.state"
    options = ["advise", str(trace), "--database", url(), "--scratch", f"--output={report}"]

    def told(text: str) -> None:
        if text.startswith(moment):
            breaking()

    with monkeypatch.context() as patched:
        patched.setattr(advise, "_told", told)
        assert main(options) == ExitCode.INTERRUPTED
    captured = capsys.readouterr()
    assert "Not all was tried: " in captured.err
    assert "the same command goes on" in captured.err
    first = proved(report)
    assert first
    assert all("not compared with all the others" in index["reason"] for index in first.values())
    if moment == "2/":
        assert "the run broke off before it was tried" in captured.out
    assert state.exists()
    assert "Person" not in state.read_text()
    with state.open("a") as file:
        file.write('[["tried", "torn')
    assert main(options) == ExitCode.CLEAN
    assert "going on from " in capsys.readouterr().err
    assert not state.exists()
    second = proved(report)
    assert len(second) >= 2
    # Sizes and times of building are those of the first run: nothing was built again for it.
    assert all(
        second[title]["build_ns"] == index["build_ns"]
        for title, index in first.items()
        if title in second
    )
    assert first.keys() & second.keys()


def test_an_index_that_was_proved_stands_beside_those_that_are_tried_later(
    trace: Path,
    committed: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = tmp_path / "kept.state"
    options = ["advise", str(trace), "--database", url(), "--scratch", f"--state={state}"]

    def told(text: str) -> None:
        if text.startswith("3/"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(advise, "_told", told)
        assert main(options) == ExitCode.INTERRUPTED
    capsys.readouterr()
    assert main(options) == ExitCode.CLEAN
    resumed = capsys.readouterr().out
    assert main(options) == ExitCode.CLEAN
    anew = capsys.readouterr().out
    assert titles(resumed) == titles(anew)
    assert len(titles(anew)) >= 2


def test_a_table_that_was_made_anew_is_tried_anew(
    transactional_db: None, committed: None, laboratory: PostgresLaboratory
) -> None:
    relation = Relation("default", "postgresql", "public", "shop_trip", 5000, 0, (), (), ())
    before = laboratory.identity(relation)
    assert laboratory.identity(relation) == before
    assert laboratory.identity(relation._replace(rows=5001)) == before
    assert laboratory.identity(relation._replace(rows=50_000)) != before
    assert laboratory.identity(relation._replace(name="shop_scan")) != before


def titles(out: str) -> list[str]:
    head = out.partition("Tried, and")[0]
    return sorted(line for line in head.splitlines() if line[:1].isdigit() and "shop." in line)


def test_a_twin_that_is_broken_off_says_what_was_estimated_and_goes_on(
    trace: Path,
    committed: None,
    outer_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twin = outer_path / "twin"
    assert main(["twin", "create", "--from", url(), "--to", str(twin)]) == 0

    seen: list[str] = []

    def told(text: str) -> None:
        seen.append(text)
        if len(seen) == 4:
            raise KeyboardInterrupt

    asked: list[str] = []
    planned = pricing.explained

    def explained(server: Any, options: str, sql: str, values: Any) -> Any:
        asked.append(options)
        return planned(server, options, sql, values)

    monkeypatch.setattr(pricing, "explained", explained)
    state = outer_path / "kept.state"
    options = ["advise", str(trace), "--twin", str(twin), f"--state={state}"]
    with monkeypatch.context() as patched:
        patched.setattr(advise, "_told", told)
        assert main(options) == ExitCode.INTERRUPTED
    captured = capsys.readouterr()
    assert "the run broke off before it was tried" in captured.out
    assert f"it was interrupted. {state} has what was found: the same command" in captured.err
    assert "Person" not in state.read_text()
    before = len(asked)
    assert main(options) == ExitCode.CLEAN
    resumed = capsys.readouterr()
    assert "going on from " in resumed.err
    assert not state.exists()
    after = len(asked) - before
    assert main(options) == ExitCode.CLEAN
    anew = capsys.readouterr()
    assert "going on from " not in anew.err
    assert resumed.out == anew.out
    # What was planned before it broke off was not planned again.
    assert len(asked) == 2 * (before + after)
