"""A production database, and its twin. Both are made once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings

from queryaudit.cli import main
from tests.twin.production import SCHEMA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """PostgreSQL only, with a package that comes with our tests on most machines."""
    here = Path(__file__).parent
    if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
        return
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="PostgreSQL only"))


def address(name: str) -> str:
    found = settings.DATABASES["default"]
    user, host, port = (quote(str(found[key]), safe="") for key in ("USER", "HOST", "PORT"))
    password = f"&password={quote(found['PASSWORD'])}" if found.get("PASSWORD") else ""
    return f"postgresql:///{name}?host={host}&port={port}&user={user}{password}"


@pytest.fixture(scope="session")
def production() -> Iterator[str]:
    """Its URL. Rows are there, and statistics; autovacuum leaves it alone."""
    name = f"test_production_{os.getpid()}"
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(address(name), autocommit=True) as server:
        server.execute(SCHEMA)
        for table in ("customer", '"Order"', "line", "place"):
            # A snapshot of autovacuum, which is about in catalogues, keeps rows from being visible.
            for _ in range(20):
                server.execute(f"VACUUM ANALYZE {table}")
                found = server.execute(
                    "SELECT relallvisible = relpages FROM pg_class WHERE oid = %s::regclass",
                    (table,),
                ).fetchone()
                if found == (True,):
                    break
        server.execute(f"ALTER DATABASE {name} SET random_page_cost = 2")
    yield address(name)
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def twin(production: str) -> Iterator[Path]:
    with TemporaryDirectory(prefix="qa-", ignore_cleanup_errors=True) as folder:
        directory = Path(folder, "production")
        assert main(["twin", "create", "--from", production, "--to", str(directory)]) == 0
        yield directory


def plan(connection: Any, sql: str) -> dict[str, Any]:
    rows = connection.run(f"EXPLAIN (FORMAT JSON) {sql}")
    found: dict[str, Any] = rows[0][0][0]["Plan"]
    return found


def shape(node: dict[str, Any]) -> tuple[object, ...]:
    """What a plan does, without figures."""
    names = (node["Node Type"], node.get("Index Name"), node.get("Relation Name"))
    return (*names, *(shape(child) for child in node.get("Plans", ())))
