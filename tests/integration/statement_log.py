"""What PostgreSQL itself says it was asked: its log, with every statement of this process.

New connections of the process ask for it by the environment, so nothing in the server's
configuration changes and other users of the server are not told on.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any, NamedTuple

import pytest
from asgiref.sync import SyncToAsync
from django.db import connections

#: For libpq, and so for every new connection of this process, Django's and others'.
ENVIRONMENT = {"PGOPTIONS": "-c log_statement=all -c log_disconnections=on"}

_LINE = re.compile(r"^\S+ \S+ \S+ \[(\d+)\] (\w+):  (.*)")
_STATEMENT = re.compile(r"^(?:statement|execute [^:]+): (.*)", re.DOTALL)
_DATABASE = re.compile(r"^disconnection: .* database=(\S+)")
_LITERAL = re.compile(r"E?'(?:[^']|'')*'(?:::\w+)?|\b\d+(?:\.\d+)?\b|%s|\$\d+")
_SAVEPOINT = re.compile(r"SAVEPOINT \S+")
_DECLARE = re.compile(r'^DECLARE "[^"]+" (?:NO SCROLL )?CURSOR (?:WITH(?:OUT)? HOLD )?FOR ')


class Entry(NamedTuple):
    pid: int
    text: str


class StatementLog:
    """The server's log. Skips the test where it can't be read."""

    def __init__(self) -> None:
        default = connections["default"]
        if default.vendor != "postgresql":
            pytest.skip("SQLite writes no log of statements to compare with")
        self._databases = {c.settings_dict["NAME"] for c in connections.all()}
        import psycopg

        settings = default.settings_dict
        self._reader = psycopg.connect(
            host=settings["HOST"],
            port=settings["PORT"] or None,
            user=settings["USER"],
            password=settings["PASSWORD"],
            dbname="postgres",
            autocommit=True,
        )
        try:
            self._file = self._ask("SELECT coalesce(pg_current_logfile(), 'log')")
            self._ask("SELECT size FROM pg_stat_file(%s)", self._file)
            prefix = self._ask("SHOW log_line_prefix")
        except psycopg.Error:
            self._reader.close()
            pytest.skip("the server's log can't be read; use the embedded server")
        if prefix != "%m [%p] ":
            self._reader.close()
            pytest.skip("the server's log has a line prefix of its own")

    def end_other_connections(self) -> None:
        """Those that earlier tests left in threads of theirs, which would not be logged.

        The thread that asynchronous tests share goes on afterwards, so its connections are closed
        by Django: one that was only ended would fail in the next test that uses it.
        """
        SyncToAsync.single_thread_executor.submit(connections.close_all).result()
        self._reader.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = ANY(%s) AND backend_type = 'client backend'",
            [sorted(self._databases)],
        )

    def _ask(self, sql: str, *parameters: object) -> Any:
        row = self._reader.execute(sql, parameters).fetchone()
        return row[0] if row is not None else None

    def position(self) -> int:
        return int(self._ask("SELECT size FROM pg_stat_file(%s)", self._file))

    def entries(self, start: int) -> list[tuple[int, Entry]]:
        """Position and content of what was logged since ``start``."""
        length = self.position() - start
        data: bytes = self._ask("SELECT pg_read_binary_file(%s, %s, %s)", self._file, start, length)
        found: list[tuple[int, Entry]] = []
        place = start
        for line in data.split(b"\n"):
            text = line.decode("utf-8", "replace")
            matched = _LINE.match(text)
            if matched:
                pid, _, rest = matched.groups()
                found.append((place, Entry(int(pid), rest)))
            elif found and text.startswith("\t"):
                position, entry = found[-1]
                found[-1] = position, Entry(entry.pid, f"{entry.text}\n{text[1:]}")
            place += len(line) + 1
        return found

    def statements(self, start: int) -> list[tuple[int, str]]:
        """Position and text of each statement that this test run sent since ``start``.

        All of its connections must be closed: a server process says for which database it
        worked when it ends.
        """
        self._wait_for_disconnections()
        entries = self.entries(start)
        ours = set()
        for _, entry in entries:
            ended = _DATABASE.match(entry.text)
            if ended and ended.group(1) in self._databases:
                ours.add(entry.pid)
        found = []
        for place, entry in entries:
            stated = _STATEMENT.match(entry.text)
            if stated and entry.pid in ours:
                found.append((place, stated.group(1)))
        return found

    def _wait_for_disconnections(self) -> None:
        names = sorted(self._databases)
        for _ in range(100):
            sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = ANY(%s)"
            if not self._ask(sql, names):
                return
            time.sleep(0.05)
        raise AssertionError("a connection of this test run was left open")

    def close(self) -> None:
        self._reader.close()


def shape(text: str) -> str:
    """A statement without its values, whether they were put in by the driver or not, and without
    the names of savepoints."""
    text = _SAVEPOINT.sub("SAVEPOINT s", _DECLARE.sub("", text))
    return " ".join(_LITERAL.sub("?", text).split())


def kind(text: str) -> str:
    """A word for what a statement does."""
    if "set_config(" in text or "typarray" in text or "pg_type" in text:
        return "set-up"
    word = text.split(None, 1)[0].rstrip(";").upper()
    return {"START": "BEGIN"}.get(word, word)


def kinds(shapes: Counter[str]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for text, count in shapes.items():
        counted[kind(text)] += count
    return dict(sorted(counted.items()))
