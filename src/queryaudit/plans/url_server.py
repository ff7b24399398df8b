"""A database that the user named by its URL, without Django."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from queryaudit.errors import DatabaseError, LostConnectionError
from queryaudit.plans.server import Limits, Row
from queryaudit.plans.sqlite import with_question_marks
from queryaudit.plans.sqlite_file import open_file

_HINT = "Name it as postgresql://user@host/name or sqlite:///path."


class UrlServer:
    """One connection to a database of our own choosing; closed by ``close``."""

    def __init__(self, connection: Any, vendor: str) -> None:
        self._connection = connection
        self.vendor = vendor
        self.affected = -1  #: rows that the last statement found, where the driver says so

    @classmethod
    def connect(cls, url: str) -> UrlServer:
        """Raises DatabaseError if the URL is none or nobody answers."""
        scheme = urlsplit(url).scheme
        if scheme in ("postgres", "postgresql"):
            return cls(_postgres(url), "postgresql")
        if scheme == "sqlite":
            return cls(open_file(sqlite_path(url)), "sqlite")
        if scheme in ("mysql", "mariadb", "oracle"):
            raise DatabaseError(
                f"Plans of {scheme} are not read.",
                "PostgreSQL and SQLite are; nothing was checked.",
            )
        raise DatabaseError("--database does not name a database.", _HINT)

    def run(self, sql: str, params: Any = None) -> list[Row]:
        if self.vendor == "sqlite" and params is not None:
            sql = with_question_marks(sql)
        try:
            cursor = self._connection.cursor()
            try:
                cursor.execute(sql, params) if params is not None else cursor.execute(sql)
                self.affected = cursor.rowcount
                return list(cursor.fetchall()) if cursor.description is not None else []
            finally:
                cursor.close()
        except Exception as error:
            if self.vendor == "postgresql" and self._connection.closed:
                raise LostConnectionError(
                    f"The connection to the database was lost: {type(error).__name__}.",
                    "What was built was temporary, and went with it. Start again.",
                ) from error
            raise

    @contextmanager
    def guarded(self, limits: Limits) -> Iterator[None]:
        """A read-only transaction that is rolled back."""
        if self.vendor != "postgresql":
            yield
            return
        try:
            # One way there and back: with many small statements the ways are what takes time.
            self.run(
                f"BEGIN READ ONLY; SET LOCAL statement_timeout = {limits.statement_ms};"
                f" SET LOCAL lock_timeout = {limits.lock_ms}"
            )
            yield
        finally:
            self.run("ROLLBACK")

    def require_scratch(self) -> None:
        """Raises DatabaseError if indexes can't be tried here, and says why."""
        [[replica, temporary, readonly]] = self.run(
            "SELECT pg_is_in_recovery(), has_database_privilege(current_database(), 'TEMP'),"
            " current_setting('transaction_read_only') = 'on'"
        )
        if replica or readonly:
            what = "a replica" if replica else "read-only"
            raise DatabaseError(
                f"The database is {what}: nothing can be built there.",
                "Name a copy that may be written, or plan on a twin of it: --twin.",
            )
        if not temporary:
            raise DatabaseError(
                "The user may not create temporary tables there.",
                "GRANT TEMPORARY ON DATABASE, or plan on a twin of it: --twin.",
            )

    @property
    def is_pooled(self) -> bool:
        """Whether something stands before a PostgreSQL that may ask another session of it for each
        transaction: then the server process is not the one that greeted us."""
        [[process]] = self.run("SELECT pg_backend_pid()")
        return bool(process != self._connection.info.backend_pid)

    def address(self) -> tuple[dict[str, str], str]:
        """Where libpq finds the database: an environment with the password, and the rest."""
        import psycopg

        known = self._connection.info
        target = psycopg.conninfo.make_conninfo(**known.get_parameters())
        return ({"PGPASSWORD": known.password} if known.password else {}), target

    def close(self) -> None:
        self._connection.close()


def _postgres(url: str) -> Any:
    try:
        import psycopg
    except ImportError:
        raise DatabaseError(
            "PostgreSQL needs psycopg, which is not installed.",
            "pip install 'queryaudit[postgres]'",
        ) from None
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        # The message names host and user; the URL, which may hold a password, is not repeated.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DatabaseError(f"The database can't be reached: {reason}.", _HINT) from error


def sqlite_path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path[1:]))
