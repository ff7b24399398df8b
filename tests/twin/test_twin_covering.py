"""Indexes that hold all that is read, and indexes of block ranges, by the planner's word."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from queryaudit.cli import main
from queryaudit.twin.private_server import pg_dump

OF_A_CUSTOMER = 'SELECT sum(total) FROM "Order" WHERE customer_id = 1'
NEW = """SELECT sum(total) FROM "Order" WHERE status = 'new'"""
OTHERS = [
    'SELECT max(note) FROM "Order" WHERE customer_id = 1',
    'SELECT * FROM "Order" WHERE customer_id = 1',
    "SELECT sum(quantity) FROM line WHERE order_id = 5",
    'SELECT total FROM "Order" WHERE customer_id = 1 LIMIT 20',
]
RANGE = "SELECT sum(size) FROM event WHERE at >= '2024-03-01' AND at < '2024-03-02'"
EVENTS = """
CREATE TABLE event (id bigint, at timestamptz NOT NULL, size integer NOT NULL, filler text);
INSERT INTO event SELECT i, timestamptz '2024-01-01' + i * interval '1 hour', i % 100, 'x'
FROM generate_series(1, 5000) i;
ANALYZE event;
"""


def log(path: Path, *statements: str) -> str:
    path = path / "postgresql.log"
    begin = "2026-11-23 10:00:00.000 UTC [7] LOG:  duration: 12.5 ms  statement: "
    path.write_text("".join(f"{begin}{statement}\n" for statement in statements))
    return str(path)


def advice(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """What is recommended, and what is not."""
    capsys.readouterr()
    assert main(["advise", *arguments]) == 0
    recommended, _, rest = capsys.readouterr().out.partition("Tried, and not recommended")
    return recommended, rest


def test_rows_that_are_only_visited_for_a_figure_need_not_be(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = ["--workload", log(tmp_path, OF_A_CUSTOMER), "--twin", str(twin)]
    recommended, rest = advice(capsys, *workload)
    assert "1 index to add, ESTIMATED" in recommended
    assert 'fields=["customer_id"]' in recommended
    assert 'include=["total"]' in recommended
    told = "it has all that its statements read of the table, and leaves nothing to do for"
    assert f"{told} order_customer" in recommended
    assert rest == ""


@pytest.mark.parametrize("statement", OTHERS)
def test_what_reads_more_or_is_held_already_is_left_alone(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str
) -> None:
    recommended, _ = advice(capsys, "--workload", log(tmp_path, statement), "--twin", str(twin))
    assert "include=" not in recommended


def test_a_column_that_is_written_later_is_not_held(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = """UPDATE "Order" SET total = 5 WHERE id = 1"""
    workload = log(tmp_path, OF_A_CUSTOMER, written)
    recommended, _ = advice(capsys, "--workload", workload, "--twin", str(twin))
    assert "include=" not in recommended


def test_it_takes_the_place_of_its_plain_form_if_it_is_worth_it(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = ["--workload", log(tmp_path, NEW), "--twin", str(twin), "--max-indexes=1"]
    recommended, rest = advice(capsys, *workload)
    assert "1 index to add, ESTIMATED" in recommended
    assert 'fields=["status"]' in recommended
    assert 'include=["total"]' in recommended
    assert 'fields=["status"], name="order_status_idx")' in rest
    assert "it is not missed" in rest


def test_a_copy_shows_that_it_pays(
    production: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = ["--workload", log(tmp_path, OF_A_CUSTOMER), "--database", production, "--scratch"]
    recommended, _ = advice(capsys, *workload)
    assert 'include=["total"]' in recommended
    assert "proved by execution" in recommended


@pytest.fixture
def events(production: str, tmp_path: Path) -> Path:
    """What is dumped of a table of fifty million rows, of which there are a few thousand."""
    with psycopg.connect(production, autocommit=True) as server:
        server.execute(EVENTS)
        server.execute(
            "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'event',"
            " 'relpages', 500000, 'reltuples', 50000000::real, 'relallvisible', 500000)"
        )
        options = ["--no-data", "--statistics", "--no-owner", "--table=event"]
        path = tmp_path / "event.sql"
        path.write_text(pg_dump([*options, f"--dbname={production}"], {}))
        server.execute("DROP TABLE event")
    return path


def test_blocks_do_for_a_range_of_what_was_written_in_its_order(
    events: Path, tmp_path: Path, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = str(outer_path / "events")
    assert main(["twin", "create", "--from", str(events), "--to", twin]) == 0
    workload = ["--workload", log(tmp_path, RANGE), "--twin", twin, f"--max-bytes={10 << 30}"]
    recommended, rest = advice(capsys, *workload)
    assert 'BrinIndex(fields=["at"]' in recommended
    assert "it pays as long as rows are written in the order of at" in recommended
    assert 'fields=["at"], name="event_at_idx"): it is used, but does not halve' in rest
