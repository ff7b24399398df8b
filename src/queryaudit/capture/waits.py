"""Looks who waits for whom: a thread with a connection of its own asks the server.

Nothing of it goes through Django's connections, so that it is counted nowhere and no test
database is kept from being dropped. Whatever goes wrong ends the watching, not the application.
"""

from __future__ import annotations

import os
import sys
import threading
from contextvars import Context
from typing import TYPE_CHECKING, Any

from queryaudit.capture.backends import Backends, Server, User
from queryaudit.capture.clock import now_ns
from queryaudit.capture.patching import Patches
from queryaudit.capture.sites import walk
from queryaudit.capture.transactions import open_on
from queryaudit.records.waits import Wait

if TYPE_CHECKING:
    from queryaudit.capture.recorder import Recorder

#: Seconds between two looks.
INTERVAL = 0.1
#: The name by which the server knows us.
APPLICATION = "queryaudit locks"
#: Looks without work after which a connection is given back.
_IDLE_LOOKS = 50
#: Processes whose last wait is remembered.
_REMEMBERED = 1000
#: Holders told of one waiting query.
_HOLDERS = 4
#: What only Django's own connections want.
_NOT_OURS = frozenset({"context", "cursor_factory", "prepare_threshold"})

_WAITING = """
SELECT pid, pg_blocking_pids(pid), coalesce(wait_event, ''),
       (extract(epoch FROM clock_timestamp() - query_start) * 1000000000)::bigint
FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""


class Watcher:
    """See the module. ``error`` is why it stopped looking."""

    def __init__(self, recorder: Recorder) -> None:
        self.error: str | None = None
        self._recorder = recorder
        self._patches = Patches()
        self._backends = Backends(self._appeared)
        #: Held while the server is asked: the application never waits for it.
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        #: How to connect to each server that the application talks to, and our connections.
        self._ways: dict[Server, tuple[Any, dict[str, Any]]] = {}
        self._raw: dict[Server, Any] = {}
        self._idle: dict[Server, int] = {}
        #: When each waiting process was last seen to wait, by the server's clock of its query.
        self._seen: dict[tuple[Server, int], int] = {}

    def start(self) -> Watcher:
        """Note who uses which connection; the thread starts with the first one."""
        self._backends.install(self._patches, self._forget)
        return self

    def stop(self) -> None:
        """Ends the thread and closes its connections."""
        self._patches.undo()
        self._ended.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5)
        self._release()

    def _appeared(self, server: Server, connection: Any) -> None:
        if self.error is not None or self._ended.is_set():
            return
        forked = self._process != os.getpid()
        if server in self._ways and not forked:
            return
        params = connection.get_connection_params()
        with self._starting:
            if forked:  # the thread and its connections are the parent's
                self._process, self._thread = os.getpid(), None
                self._raw, self._lock = {}, threading.Lock()
            ours = {key: value for key, value in params.items() if key not in _NOT_OURS}
            self._ways[server] = (connection.Database, ours)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=APPLICATION, daemon=True)
                self._thread = thread
                Context().run(thread.start)  # it is part of no unit of work

    def _run(self) -> None:
        try:
            while not self._ended.wait(INTERVAL):
                for server in list(self._ways):
                    self._look(server)
        except Exception as error:  # noqa: BLE001 - the first wall
            self.error = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self._release()

    def _look(self, server: Server) -> None:
        if not self._backends.is_busy(server):
            self._idle[server] = self._idle.get(server, 0) + 1
            if self._idle[server] == _IDLE_LOOKS:
                self._release(server)
            return
        self._idle[server] = 0
        with self._lock:
            raw = self._raw.get(server)
            way = self._ways.get(server)
            if way is None:
                return  # let go of meanwhile
            if raw is None:
                raw = self._raw[server] = _connect(*way)
            cursor = raw.cursor()
            try:
                cursor.execute(_WAITING)
                rows = cursor.fetchall()
            finally:
                cursor.close()
        now = now_ns()
        for pid, blockers, lock, running_ns in rows:
            self._note(server, pid, blockers, lock, now, running_ns)

    def _release(self, server: Server | None = None) -> None:
        """Close our connections, to one server or to all."""
        with self._lock:
            for known in [server] if server is not None else list(self._raw):
                raw = self._raw.pop(known, None)
                if raw is not None and self._process == os.getpid():
                    raw.close()

    def _forget(self) -> None:
        """Let go of all servers until a connection to one appears anew."""
        self._ways.clear()
        self._release()

    def _note(
        self, server: Server, pid: int, blockers: list[int], lock: str, now: int, running_ns: int
    ) -> None:
        found = self._backends.of(server, pid)
        if found is None:
            return
        connection, user = found
        scope = user.scope
        if scope is None or scope.ended or not scope.judged or scope.recorder is not self._recorder:
            return
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        began = now - running_ns
        last = self._seen.get((server, pid), 0)
        self._seen[server, pid] = now
        duration = now - max(last, began)
        held = open_on(connection)
        ignoring = user.ignoring
        for blocker in list(dict.fromkeys(blockers))[:_HOLDERS]:
            holder, begin, at = self._holder(server, blocker)
            self._recorder.note(
                Wait(
                    scope.id,
                    now,
                    duration,
                    connection.alias,
                    None if held is None else held.id,
                    lock,
                    holder,
                    begin,
                    at,
                    None if ignoring is None else self._recorder.ignores.id(ignoring),
                )
            )

    def _holder(self, server: Server, pid: int) -> tuple[int | None, int | None, int | None]:
        """The holder's scope, where its transaction began, and where its code is now."""
        found = self._backends.of(server, pid)
        if found is None:
            return None, None, None
        connection, user = found
        held = open_on(connection)
        scope = held.scope if held is not None else user.scope
        if scope is None or scope.recorder is not self._recorder:
            return None, None, None
        return scope.id, None if held is None else held.stack, self._at(user)

    def _at(self, user: User) -> int | None:
        frame = sys._current_frames().get(user.thread)
        if frame is None:
            return None
        recorder = self._recorder
        found = walk(frame, 1, recorder.files, recorder.places)
        return recorder.stack(found) if found.places else None


def _connect(driver: Any, params: dict[str, Any]) -> Any:
    """On the database for maintenance, where we keep nobody from dropping theirs."""
    # Each process has its own: who looks at the server's sessions can tell them apart.
    name = f"{APPLICATION} {os.getpid()}"
    params = {**params, "application_name": name, "connect_timeout": 5}
    name = "dbname" if "dbname" in params else "database"
    try:
        raw = driver.connect(**{**params, name: "postgres"})
    except driver.Error:
        raw = driver.connect(**params)
    raw.autocommit = True
    with raw.cursor() as cursor:
        cursor.execute("SET statement_timeout = 2000")
    return raw
