"""Two sessions that take turns, and what the server says to each."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from time import monotonic, sleep
from typing import NamedTuple

from queryaudit.plans.server import Row
from queryaudit.plans.url_server import UrlServer

#: SQLSTATE of "deadlock detected".
DEADLOCK = "40P01"
SCHEMA = "queryaudit_scratch"
_SETTINGS = (
    f"SET search_path = {SCHEMA}",
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '15s'",
    "SET client_min_messages = error",
)
_POLL_S = 0.004
_PATIENCE_S = 12.0


class Answer(NamedTuple):
    """What became of a statement. ``state`` is its SQLSTATE, empty if it went well."""

    state: str = ""
    error: str = ""
    affected: int = -1
    rows: Sequence[Row] = ()


class Session:
    """One connection that can be left waiting."""

    def __init__(self, url: str, pool: ThreadPoolExecutor) -> None:
        self._server = UrlServer.connect(url)
        self._pool = pool
        for setting in _SETTINGS:
            self._server.run(setting)
        with suppress(Exception):  # for superusers; others wait a second
            self._server.run("SET deadlock_timeout = '50ms'")
        self.pid = int(self._server.run("SELECT pg_backend_pid()")[0][0])

    def begin(self, text: str) -> Future[Answer]:
        return self._pool.submit(self._run, text)

    def _run(self, text: str) -> Answer:
        try:
            rows = self._server.run(text)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            return Answer(str(getattr(error, "sqlstate", None) or "?"), type(error).__name__)
        return Answer(affected=self._server.affected, rows=rows)

    def close(self) -> None:
        self._server.close()


class Watch:
    """A third session, which sees who waits."""

    def __init__(self, url: str) -> None:
        self._server = UrlServer.connect(url)

    def settles(self, session: Session, going: Future[Answer]) -> Answer | None:
        """The answer, or None as soon as the session waits for another one."""
        end = monotonic() + _PATIENCE_S
        while not going.done():
            waiting = self._server.run("SELECT cardinality(pg_blocking_pids(%s))", (session.pid,))
            if waiting[0][0] or monotonic() > end:
                sleep(_POLL_S)
                return going.result() if going.done() else None
            sleep(_POLL_S)
        return going.result()

    def prepare(self, statements: Sequence[str]) -> None:
        """An empty schema with what ``statements`` make in it."""
        self.clear()
        self._server.run(f"CREATE SCHEMA {SCHEMA}")
        self._server.run(f"SET search_path = {SCHEMA}")
        self._server.run("BEGIN")  # rows may refer to each other
        for statement in statements:
            self._server.run(statement)
        self._server.run("COMMIT")

    def end(self, sessions: Sequence[Session]) -> None:
        """Close all, those that wait as well; nothing is left. Never raises."""
        for session in sessions:
            with suppress(Exception):  # it may be gone
                self._server.run("SELECT pg_terminate_backend(%s)", (session.pid,))
            session.close()
        with suppress(Exception):
            self.clear()
        self._server.close()

    def clear(self) -> None:
        self._server.run("SET client_min_messages = error")
        self._server.run(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
