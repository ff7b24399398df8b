"""A connection of Django's as a server: asked past its wrappers, so nobody counts our questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.utils.connection import ConnectionDoesNotExist

from queryaudit.errors import DatabaseError as NoDatabase
from queryaudit.plans.server import Limits, Row

_SAVEPOINT = "queryaudit_explain"


def url_of(alias: str) -> str:
    """The URL of an alias's server, at the database that is always there."""
    settings = connections[alias].settings_dict
    host, port = str(settings.get("HOST") or ""), str(settings.get("PORT") or "")
    user, password = quote(settings.get("USER") or "", ""), settings.get("PASSWORD") or ""
    login = f"{user}:{quote(password, '')}@" if password else f"{user}@" if user else ""
    query = urlencode({k: v for k, v in (("host", host), ("port", port)) if v})
    return f"postgresql://{login}/postgres" + (f"?{query}" if query else "")


class DjangoServer:
    """The connection of this thread for an alias, in whatever transaction it is."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.vendor: str = connection.vendor

    @classmethod
    def current(cls, alias: str, used: object) -> DjangoServer | None:
        """This thread's connection if it is the one ``used`` before, and is fit to be asked."""
        connection = connections[alias]
        if connection is not used or connection.connection is None:
            return None
        if connection.needs_rollback or connection.closed_in_transaction:
            return None
        return cls(connection)

    @classmethod
    def connect(cls, alias: str) -> DjangoServer:
        """This thread's connection for an alias of the settings, opened if it is not."""
        try:
            connection = connections[alias]
            connection.ensure_connection()
        except (ImproperlyConfigured, ConnectionDoesNotExist, DatabaseError) as error:
            reason = " ".join(str(error).split())
            raise NoDatabase(
                f"No database {alias!r}: {reason}.",
                "Run it as manage.py queryaudit, or name one by --database.",
            ) from error
        return cls(connection)

    def close(self) -> None:
        self._connection.close()

    def run(self, sql: str, params: Any = None) -> list[Row]:
        cursor = self._connection.create_cursor()
        try:
            if params is None:
                cursor.execute(sql)
            else:
                cursor.execute(sql, params)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    @contextmanager
    def guarded(self, limits: Limits) -> Iterator[None]:
        """A savepoint in the transaction that is open, or a transaction: read-only, rolled back."""
        if self.vendor != "postgresql":
            yield
            return
        inside = not self._connection.get_autocommit()
        self._do(f"SAVEPOINT {_SAVEPOINT}" if inside else "BEGIN")
        try:
            self._do("SET LOCAL transaction_read_only = on")
            self._do(f"SET LOCAL statement_timeout = {limits.statement_ms}")
            self._do(f"SET LOCAL lock_timeout = {limits.lock_ms}")
            yield
        finally:
            if inside:
                self._do(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
                self._do(f"RELEASE SAVEPOINT {_SAVEPOINT}")
            else:
                self._do("ROLLBACK")

    def _do(self, sql: str) -> None:
        cursor = self._connection.create_cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()
