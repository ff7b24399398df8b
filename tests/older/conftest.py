"""A PostgreSQL 15 with HypoPG, as Debian's packages bring it, and the shop's large tables in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from queryaudit.plans.url_server import UrlServer
from sample_app.shop.filling import fill_shipping_by
from sample_app.shop.models import Depot, Scan, Shipment, Trip

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
EXTENSION = Path("/usr/share/postgresql/15/extension/hypopg.control")
#: As whom Debian runs it; root may not.
_USER = "postgres" if os.geteuid() == 0 else None
_OPTIONS = "-c listen_addresses= -c fsync=off -c autovacuum=off -c jit=off"


def _missing() -> str:
    if connection.vendor != "postgresql":
        return "PostgreSQL only"
    if not (PROGRAMS / "initdb").exists():
        return f"there is no PostgreSQL 15 in {PROGRAMS}: apt-get install postgresql-15"
    if not EXTENSION.exists():
        return "PostgreSQL 15 has no HypoPG: apt-get install postgresql-15-hypopg"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = _missing()
    for item in items:
        if reason and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def older(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Its URL: 100,000 shipments, and HypoPG in a schema of its own."""
    with TemporaryDirectory(prefix="qa-", ignore_cleanup_errors=True) as folder:
        if _USER is not None:
            shutil.chown(folder, _USER)
        data = Path(folder, "data")
        _run(
            "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        options = f"{_OPTIONS} -k {folder}"
        _run("pg_ctl", "-D", data, "-l", f"{folder}/log", "-t", "300", "-w", "-o", options, "start")
        try:
            url = f"postgresql:///postgres?host={folder}&user=postgres"
            with django_db_blocker.unblock():  # Django asks its own server for a version
                _fill(url)
            yield url
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "stop")


def _run(program: str, *arguments: str | Path) -> None:
    subprocess.run(
        [PROGRAMS / program, *arguments],
        user=_USER,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _fill(url: str) -> None:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        for model in (Depot, Shipment, Scan, Trip):
            editor.create_model(model)
    with closing(UrlServer.connect(url)) as server:
        server.run("CREATE SCHEMA what_if; CREATE EXTENSION hypopg SCHEMA what_if")
        server.run("\n".join(editor.collected_sql))
        # Statistics of all rows, and so the same in every run.
        server.run("SET default_statistics_target = 400")
        fill_shipping_by(server.run)
        server.run("VACUUM")
        server.run(
            "CREATE ROLE stranger LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO stranger"
        )


@pytest.fixture
def server(older: str) -> Iterator[UrlServer]:
    with closing(UrlServer.connect(older)) as found:
        yield found
