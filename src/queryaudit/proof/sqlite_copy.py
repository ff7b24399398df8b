"""A copy of a SQLite database that is ours.

SQLite keeps it in memory as long as it is small, and else in a file without a name, so that nothing
is left of it however we end.
"""

from __future__ import annotations

import sqlite3
from time import monotonic

from queryaudit.plans.server import RefusedError
from queryaudit.plans.sqlite_file import register_functions

#: What is kept in memory, in KiB: as much as by a connection of Django's, so that what is read of a
#: large table comes from a file here as it does there.
_CACHE_KIB = 2_000
#: Pages copied at a time, and so many seconds without any.
_PAGES = 2_000
_PATIENCE_S = 10.0
_MIB = 1 << 20


def bytes_in_use(connection: sqlite3.Connection) -> int:
    """Without the pages that were let go of."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def copied(source: sqlite3.Connection, most: int) -> sqlite3.Connection:
    """Raises RefusedError for one of more than ``most`` bytes, and where it can't be copied."""
    size = bytes_in_use(source)
    if size > most:
        raise RefusedError(
            f"the database takes {size / _MIB:,.0f} MiB, and a copy of it may take "
            f"{most / _MIB:,.0f} MiB (--max-clone)"
        )
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        copy.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        source.backup(copy, pages=_PAGES, progress=_Patience())
        copy.execute("PRAGMA journal_mode = MEMORY")
        copy.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except BaseException as error:
        copy.close()
        if isinstance(error, sqlite3.Error):
            raise RefusedError(f"the database can't be copied: {error}") from error
        raise
    register_functions(copy)
    return copy


class _Patience:
    """Ends a copy that does not get on: somebody holds a lock, or writes all the time."""

    def __init__(self) -> None:
        self._least: int | None = None
        self._since = monotonic()

    def __call__(self, status: int, remaining: int, total: int) -> None:
        if status in (_OK, _DONE) and (self._least is None or remaining < self._least):
            self._least, self._since = remaining, monotonic()
        elif monotonic() - self._since > _PATIENCE_S:
            raise RefusedError("the database can't be copied: somebody writes to it all the time")


_OK, _DONE = 0, 101  # SQLITE_OK and SQLITE_DONE
