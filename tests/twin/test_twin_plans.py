"""The twin plans as production does, and production is as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

import pytest

from queryaudit.cli import main
from queryaudit.plans.url_server import UrlServer
from queryaudit.twin.private_server import pg_dump
from queryaudit.twin.session import Twin
from tests.twin.conftest import plan, shape
from tests.twin.production import QUERIES


@pytest.fixture(scope="module")
def open_twin(twin: Path) -> Iterator[Twin]:
    with Twin(twin) as found:
        yield found


@pytest.fixture(scope="module")
def real(production: str) -> Iterator[UrlServer]:
    with closing(UrlServer.connect(production)) as server:
        yield server


@pytest.mark.parametrize("sql", QUERIES, ids=range(len(QUERIES)))
def test_a_plan_has_the_shape_that_it_has_in_production(
    open_twin: Twin, real: UrlServer, sql: str
) -> None:
    assert shape(plan(open_twin.server, sql)) == shape(plan(real, sql))


def test_costs_are_those_of_production(open_twin: Twin, real: UrlServer) -> None:
    wrong = []
    for sql in QUERIES:
        there, here = plan(real, sql)["Total Cost"], plan(open_twin.server, sql)["Total Cost"]
        wrong.append(abs(here - there) / there)
    assert median(wrong) < 0.01
    assert sorted(wrong)[len(wrong) * 9 // 10] < 0.05


def test_the_settings_of_production_are_those_of_its_twin(open_twin: Twin) -> None:
    assert open_twin.server.run("SHOW random_page_cost") == [("2",)]


def state(server: UrlServer, url: str) -> list[object]:
    """All that must be as before."""
    server.run("SELECT pg_stat_force_next_flush()")
    rows: list[object] = [
        *server.run(
            "SELECT relname, relkind, relpages, reltuples, relallvisible, relhasindex,"
            " relfrozenxid::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " ORDER BY 1"
        ),
        *server.run(
            "SELECT relname, n_live_tup, n_dead_tup, n_mod_since_analyze, last_analyze,"
            " last_autoanalyze, n_tup_ins, n_tup_upd, n_tup_del, seq_scan, idx_scan"
            " FROM pg_stat_user_tables ORDER BY 1"
        ),
    ]
    environment, target = server.address()
    text = pg_dump(["--schema-only", f"--dbname={target}"], environment)
    rows.append([line for line in text.splitlines() if "restrict" not in line])
    return rows


def test_nothing_of_production_changes(
    production: str, real: UrlServer, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(real, production)
    place = outer_path / "twin"
    assert main(["twin", "create", "--from", production, "--to", str(place)]) == 0
    assert state(real, production) == before
    out = " ".join(capsys.readouterr().out.split())
    assert "no row of it here" in out
    assert "Its statistics hold values of the columns" in out
    assert "Never analysed there, so not judged: public.forgotten." in out
    assert main(["twin", "show", str(place)]) == 0
    assert " ".join(capsys.readouterr().out.split()) == out


def test_no_row_is_in_the_twin(open_twin: Twin) -> None:
    for schema, name, _ in open_twin.manifest.blocks:
        if name == "customer":
            assert open_twin.server.run(f'SELECT * FROM "{schema}"."{name}" LIMIT 1') == []


def test_values_of_statistics_can_be_left_out(
    production: str, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = outer_path / "twin"
    options = ["--from", production, "--to", str(place), "--without-values"]
    assert main(["twin", "create", *options]) == 0
    assert "Its statistics hold no value of any column." in capsys.readouterr().out
    with Twin(place) as found:
        [row] = found.server.run(
            "SELECT count(*), count(most_common_vals::text), count(histogram_bounds::text),"
            " count(most_common_elems::text), count(n_distinct), count(correlation)"
            " FROM pg_stats WHERE schemaname = 'public'"
        )
        assert row[0] > 15
        assert row[1:4] == (0, 0, 0)
        assert row[4] == row[0]
        assert row[5] > 10
        assert shape(plan(found.server, QUERIES[0]))[:2] == ("Index Scan", "Order_pkey")
    assert b"person1" not in stored(place)


def stored(place: Path) -> bytes:
    """All that is on disk, but for what has no byte."""
    files = [path for path in sorted(place.rglob("*")) if path.is_file()]
    return b"".join(path.read_bytes() for path in files if path.stat().st_blocks)


def test_values_of_statistics_are_data(twin: Path, open_twin: Twin) -> None:
    open_twin.server.run("CHECKPOINT")
    assert b"person1" in stored(twin)
