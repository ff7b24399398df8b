"""``--workload``: statements that no trace has, from a server's statistics and from its log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from queryaudit.cli import main
from queryaudit.plans.url_server import UrlServer
from queryaudit.workloads.entries import with_placeholders
from queryaudit.workloads.log_records import records
from tests.workloads.conftest import Asked

Capture = pytest.CaptureFixture[str]
FORMATS = pytest.mark.parametrize("format", ["log", "csv", "json"])


def explain(*arguments: str) -> int:
    return main(["explain", "--no-color", "--baseline=", *arguments])


def told(capsys: Capture) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_what_a_server_was_asked_is_planned_there(asked: Asked, capsys: Capture) -> None:
    assert explain("--workload", "pg_stat_statements", "--database", asked.url) == 1
    out = told(capsys)
    assert "planned for any values: skew does not show; asked 3 times" in out
    assert "QA401 missing-index" in out
    assert "20,000 rows of parcel would be read" in out
    assert "QA404 sort-without-index" in out
    assert "pg_stat_statements has neither values nor call sites" in out
    assert "pg_proc" not in out


def test_what_a_server_was_asked_can_be_read_where_another_one_plans(
    asked: Asked, outer_path: Path, capsys: Capture
) -> None:
    twin = outer_path / "twin"
    assert main(["twin", "create", "--from", asked.url, "--to", str(twin)]) == 0
    assert explain("--workload", asked.url, "--twin", str(twin)) == 1
    out = told(capsys)
    assert "planned on the statistics twin of" in out
    assert "20,000 rows of parcel would be read" in out


def test_indexes_for_what_a_server_was_asked_are_tried(asked: Asked, capsys: Capture) -> None:
    options = ["--workload", "pg_stat_statements", "--database", asked.url, "--scratch"]
    assert main(["advise", *options]) == 0
    out = told(capsys)
    assert "proved by execution" in out
    assert "asked 3 times, at pg_stat_statements:1" in out
    assert "(code)" in out or '["code"]' in out


@FORMATS
def test_plans_of_a_log_are_drawn_without_its_values(
    asked: Asked, format: str, capsys: Capture, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    assert explain("--workload", str(asked.logs[format]), "--output", f"json:{report}") == 0
    out = told(capsys)
    assert "executed by the server, as its log says, in" in out
    assert "asked 3 times" in out
    assert "Seq Scan parcel" in out
    assert "has no call sites" in out
    assert "SECRET" not in out + report.read_text()
    assert {plan["mode"] for plan in json.loads(report.read_text())["plans"]} == {"analyzed"}


@FORMATS
def test_plans_of_a_log_are_judged_by_a_catalogue(
    asked: Asked, format: str, capsys: Capture
) -> None:
    log = str(asked.logs[format])
    assert explain("--workload", log, "--database", asked.url) == 1
    out = told(capsys)
    assert "QA401 missing-index" in out
    assert "20,000 rows of parcel are read to find" in out
    assert "Executed by the server, as its log says (EXPLAIN ANALYZE)" in out
    assert '20,000 rows of Odd "name are read' in out
    assert "SECRET" not in out


def test_indexes_are_tried_with_the_values_of_a_log(asked: Asked, capsys: Capture) -> None:
    log = str(asked.logs["csv"])
    assert main(["advise", "--workload", log, "--database", asked.url, "--scratch"]) == 0
    out = told(capsys)
    assert "proved by execution" in out
    assert "SECRET" not in out


@FORMATS
def test_a_torn_log_is_read_as_far_as_it_goes(
    asked: Asked, format: str, tmp_path: Path, capsys: Capture
) -> None:
    text = asked.logs[format].read_text()
    end = text.rindex("SECRET%")
    path = tmp_path / asked.logs[format].name
    path.write_text(text[:end])
    assert explain("--workload", str(path)) == 0
    out = told(capsys)
    assert "asked 3 times" in out
    assert f"1 records of {path.name} are incomplete and were skipped; the rest was read." in out


def test_a_log_that_begins_within_a_record_is_read_from_the_next_one(
    asked: Asked, tmp_path: Path, capsys: Capture
) -> None:
    text = asked.logs["log"].read_text()
    path = tmp_path / "rotated.log"
    path.write_text(text[text.index("\t") :])
    assert explain("--workload", str(path)) == 0
    assert "1 records of rotated.log are incomplete" in told(capsys)


LINE = "2026-01-01 00:00:00.000 UTC [7] LOG:  "


def test_statements_without_plans_are_planned(
    asked: Asked, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "slow.log"
    path.write_text(
        f"{LINE}duration: 7.5 ms  statement: SELECT id FROM parcel\n\tWHERE code = 'SECRET'\n"
        f"{LINE}duration: 2.5 ms  execute s1: SELECT id FROM parcel WHERE code = $1\n"
        f"{LINE}duration: 0.5 ms  parse s1: SELECT id FROM parcel WHERE code = $1\n"
        f"{LINE}duration: 0.5 ms  statement: VACUUM parcel\n"
        f"{LINE}duration: 0.5 ms  statement: SELEKT 100% nonsense\n"
        f"{LINE}checkpoint complete\n"
    )
    assert explain("--workload", str(path), "--database", asked.url) == 1
    out = told(capsys)
    assert "asked 2 times" in out
    assert "20,000 rows of parcel would be read" in out


def test_plans_that_are_not_json_are_counted(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "text.log"
    path.write_text(f"{LINE}duration: 7.5 ms  plan:\n\tQuery Text: SELECT 1\n\tResult\n")
    explain("--workload", str(path))
    out = told(capsys)
    assert "1 plans of text.log are not written as JSON and were skipped." in out
    assert "auto_explain.log_format = json" in out


@pytest.mark.parametrize("text", ["", "\x00\xff", "{", "[1, 2]\n", '{"message": 7}\n', "a,b\n" * 9])
def test_what_is_no_log_is_a_sentence(tmp_path: Path, capsys: Capture, text: str) -> None:
    path = tmp_path / "no.log"
    path.write_bytes(text.encode("latin-1"))
    assert explain("--workload", str(path)) == 4
    assert f"No statement with its duration is in {path}." in told(capsys)


def test_what_can_not_be_read_is_a_sentence(tmp_path: Path, capsys: Capture) -> None:
    assert explain("--workload", str(tmp_path / "gone.log")) == 4
    assert "can't be read: No such file or directory" in told(capsys)
    assert explain("--workload", "pg_stat_statements") == 4
    assert "No --database is named" in told(capsys)
    assert explain() == 4
    assert "Neither a trace nor a workload is named." in told(capsys)
    database = tmp_path / "a.sqlite3"
    database.touch()
    assert explain("--workload", "pg_stat_statements", "--database", f"sqlite:///{database}") == 4
    assert "is a view of PostgreSQL; sqlite has none" in told(capsys)


def test_a_view_that_is_missing_is_a_sentence(asked: Asked, capsys: Capture) -> None:
    server = UrlServer.connect(asked.url)
    server.run("DROP DATABASE IF EXISTS without")
    server.run("CREATE DATABASE without TEMPLATE template0")
    server.close()
    url = asked.url.replace("/postgres?", "/without?")
    assert explain("--workload", "pg_stat_statements", "--database", url) == 4
    assert "The database has no view pg_stat_statements. CREATE EXTENSION" in told(capsys)


def test_a_view_from_before_it_told_what_it_forgot_is_read(asked: Asked, capsys: Capture) -> None:
    server = UrlServer.connect(asked.url)
    server.run("DROP DATABASE IF EXISTS earlier")
    server.run("CREATE DATABASE earlier TEMPLATE template0")
    server.close()
    url = asked.url.replace("/postgres?", "/earlier?")
    server = UrlServer.connect(url)
    server.run("CREATE EXTENSION pg_stat_statements VERSION '1.8'")
    server.close()
    assert explain("--workload", "pg_stat_statements", "--database", url) == 5
    assert "can't be read" not in told(capsys)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a = $1 AND b = $2", "a = %s AND b = %s"),
        ("a = '$1 100%' OR \"b%\" = $12", "a = '$1 100%%' OR \"b%%\" = %s"),
        (r"a = E'it\'s $1' AND b % $1 = 0", r"a = E'it\'s $1' AND b %% %s = 0"),
        ("now() - interval $1", "now() - CAST(%s AS interval)"),
        ("a > DATE  $2", "a > CAST(%s AS DATE)"),
    ],
)
def test_the_server_s_numbers_become_a_driver_s_placeholders(written: str, read: str) -> None:
    assert with_placeholders(written) == read


@pytest.mark.parametrize("prefix", ["", "app=x,db=y LOG:", "Jan 1 host postgres[7]: [3-1] "])
def test_a_record_begins_after_any_prefix(prefix: str) -> None:
    lines = [f"{prefix} LOG:  one\n", "\ttwo\n", "#011three\n", "other\n", "\tlost\n"]
    assert [record.message for record in records(lines)] == ["one\ntwo\nthree\n"]


def test_a_reader_of_records_is_lazy() -> None:
    seen = []

    def lines(note: Callable[[int], None] = seen.append) -> object:
        for number in range(100):
            note(number)
            yield f"x LOG:  {number}\n"

    next(records(lines()))  # type: ignore[arg-type]
    assert len(seen) < 5
