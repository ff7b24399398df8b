"""``queryaudit twin create`` and ``explain --twin``: what is said, and what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import queryaudit
from queryaudit.cli import main
from queryaudit.plans.url_server import UrlServer
from queryaudit.twin import files, manifest
from queryaudit.twin.private_server import pg_dump
from queryaudit.twin.session import Twin
from sample_app.shop.models import Shipment
from tests.integration.test_cli_explain import committed, url
from tests.twin.conftest import plan
from tests.twin.production import QUERIES

__all__ = ["committed"]


@pytest.fixture
def trace(transactional_db: None, outer_path: Path) -> Path:
    """What a test without data asked."""
    path = outer_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
        Shipment.objects.filter(pk=1).count()
    return path


def test_a_trace_of_ten_rows_speaks_of_plans_of_production(
    trace: Path, committed: None, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = outer_path / "twin"
    assert main(["twin", "create", "--from", url(), "--to", str(place)]) == 0
    capsys.readouterr()
    assert main(["explain", str(trace), "--twin", str(place), "--no-color", "--baseline="]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "planned on the statistics twin of test_default" in out
    assert "for any values: skew does not show; asked 1 time" in out
    assert "20,000 rows of shop_shipment would be read" in out
    assert "estimated" in out.lower()
    assert "proved" not in out.lower()
    assert 'fields=["tracking_code"]' in out


def test_a_twin_is_made_of_what_pg_dump_wrote(
    production: str, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = UrlServer.connect(production)
    environment, target = server.address()
    dump = outer_path / "production.sql"
    dump.write_text(pg_dump(["--no-data", "--statistics", f"--dbname={target}"], environment))
    place = outer_path / "twin"
    assert main(["twin", "create", "--from", str(dump), "--to", str(place)]) == 0
    assert "the statistics twin of production.sql, 5 tables" in capsys.readouterr().out
    server.run("SET random_page_cost = 4")  # settings are not in a dump
    with Twin(place) as found:
        for sql in QUERIES[:6]:
            here, there = plan(found.server, sql), plan(server, sql)
            assert abs(here["Total Cost"] - there["Total Cost"]) < there["Total Cost"] * 0.01
    server.close()


def test_a_statement_that_the_twin_does_not_understand_is_told(
    production: str, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = UrlServer.connect(production)
    environment, target = server.address()
    server.close()
    text = pg_dump(["--no-data", "--statistics", f"--dbname={target}"], environment)
    dump = outer_path / "production.sql"
    dump.write_text(f"CREATE EXTENSION nobody_has_it;\n\\! touch {outer_path / 'hacked'}\n{text}")
    place = outer_path / "twin"
    assert main(["twin", "create", "--from", str(dump), "--to", str(place)]) == 0
    out = capsys.readouterr().out
    assert "Not understood by the server of the twin: extension" in out
    assert "nobody_has_it" in out
    assert not (outer_path / "hacked").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.sql", "nowhere.sql can't be read: No such file or directory."),
        ("empty.sql", "empty.sql holds no statistics."),
        ("mysql://host/name", "Plans of mysql are not read."),
        ("sqlite:///there.sqlite3", "Only PostgreSQL has a twin."),
        ("postgresql://nobody@127.0.0.1:1/x", "The database can't be reached"),
    ],
)
def test_a_source_that_is_none_is_a_sentence(
    outer_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    message: str,
) -> None:
    monkeypatch.chdir(outer_path)
    Path("empty.sql").write_text("SELECT 1;")
    Path("there.sqlite3").touch()
    assert main(["twin", "create", "--from", source, "--to", "twin"]) == 4
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
    assert not Path("twin").exists()


def test_a_directory_of_something_else_is_left_alone(
    production: str, outer_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (outer_path / "thesis.txt").write_text("all of it")
    assert main(["twin", "create", "--from", production, "--to", str(outer_path)]) == 4
    assert f"There is no twin in {outer_path}." in capsys.readouterr().err
    assert (outer_path / "thesis.txt").read_text() == "all of it"


@pytest.mark.parametrize("text", ["", "[]", '{"queryaudit-twin": 99}'])
def test_what_is_no_twin_is_a_sentence(
    trace: Path, outer_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    place = outer_path / "twin"
    place.mkdir()
    if text:
        (place / "twin.json").write_text(text)
    assert main(["explain", str(trace), "--twin", str(place)]) == 4
    err = capsys.readouterr().err
    assert f"twin in {place}" in err
    assert "queryaudit twin create" in err


def test_a_killed_trial_leaves_a_twin_that_is_as_it_was(twin: Path) -> None:
    known = manifest.load(twin)
    code = (
        "import os, sys; from pathlib import Path;"
        "from queryaudit.twin.session import Twin; from queryaudit.twin import files\n"
        f"with Twin(Path({str(twin)!r}), alone=True) as twin:\n"
        "    [[path]] = twin.server.run('SELECT pg_relation_filepath(\\'\"Order\"\\'::regclass)')\n"
        "    files.resize(twin.data / path, 0)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    with Twin(twin) as found:
        [[path]] = found.server.run("SELECT pg_relation_filepath('\"Order\"'::regclass)")
        blocks = {name: count for _, name, count in known.blocks}
        assert files.blocks_of(found.data / path) == blocks["Order"] > 1000
    assert not (twin / "postgresql" / "postmaster.pid").exists()
