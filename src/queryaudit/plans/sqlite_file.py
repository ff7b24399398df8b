"""A SQLite file opened to read, with nothing written and nothing left beside it.

A file in WAL mode has helpers beside it while it is in use, and SQLite would make them for us too
and leave them there: where nobody has it open it is read as one that does not change.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from queryaudit.errors import DatabaseError

#: Bytes 18 and 19 of a database that is in WAL mode.
_WAL = b"\x02\x02"
#: How long to wait for somebody who writes.
_WAIT_S = 1.0


def open_file(path: Path) -> sqlite3.Connection:
    """Raises DatabaseError for what is no database, is locked, or was left half written."""
    if not path.is_file():
        raise DatabaseError(
            f"There is no SQLite database at {path}.",
            "Name it as sqlite:///path, an absolute one as sqlite:////path.",
        )
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{_how(path)}",
            uri=True,
            timeout=_WAIT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except (OSError, sqlite3.Error) as error:
        if connection is not None:
            connection.close()
        raise DatabaseError(
            f"{path} can't be read as SQLite: {error}.",
            "Is it the database, may it be read, and does nobody write to it for long?",
        ) from error
    register_functions(connection)
    return connection


def register_functions(connection: sqlite3.Connection) -> None:
    """What Django calls in statements for SQLite; without Django those are refused."""
    with suppress(ImportError):
        from django.db.backends.sqlite3._functions import (  # type: ignore[import-untyped]
            register,
        )

        register(connection)


def _how(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(20)
    wal, shared = (path.with_name(f"{path.name}-{end}") for end in ("wal", "shm"))
    if head[18:] != _WAL or shared.exists():
        return "mode=ro"
    if wal.exists() and wal.stat().st_size:
        raise DatabaseError(
            f"{path} was left by a connection that broke off: what it wrote is in {wal.name}.",
            "Let the application open it once, or name a copy.",
        )
    return "mode=ro&immutable=1"
