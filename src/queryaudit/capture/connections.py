"""One persistent wrapper on every connection, of every alias, in every thread."""

from __future__ import annotations

import threading
from time import perf_counter_ns
from typing import Any
from weakref import WeakSet

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT


def capture(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """The execute wrapper. Outside a scope it costs one lookup."""
    scope = CURRENT.get()
    if scope is None:
        return execute(sql, params, many, context)
    start = perf_counter_ns()
    error: str | None = None
    try:
        return execute(sql, params, many, context)
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        recorder = scope.recorder
        try:
            recorder.query(scope, sql, params, many, context, start, error)
        except Exception as ours:  # noqa: BLE001 - the first wall
            scope.dropped += 1
            recorder.failed("capture", ours)


class Wrapping:
    """Wraps each connection as it is first asked for a cursor.

    Connections live in the storage of their thread, where nobody else can look, and the garbage
    collector must not be asked for them: in a host with threads it hands out half-made objects.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrapped: WeakSet[BaseDatabaseWrapper] = WeakSet()

    def install(self, patches: Patches) -> None:
        original = BaseDatabaseWrapper._prepare_cursor  # type: ignore[attr-defined]
        wrap = self._wrap

        def _prepare_cursor(self: Any, cursor: Any) -> Any:
            if capture not in self.execute_wrappers:
                wrap(self)
            return original(self, cursor)

        patches.replace(BaseDatabaseWrapper, "_prepare_cursor", _prepare_cursor)
        if settings.configured:
            for connection in connections.all(initialized_only=True):
                wrap(connection)  # it may have cursors open

    def uninstall(self) -> None:
        with self._lock:
            wrapped = list(self._wrapped)
            self._wrapped.clear()
        for connection in wrapped:
            if capture in connection.execute_wrappers:
                connection.execute_wrappers.remove(capture)

    def _wrap(self, connection: Any) -> None:
        """Outermost, and at the end that ``execute_wrapper()`` does not pop."""
        with self._lock:
            self._wrapped.add(connection)
        connection.execute_wrappers.insert(0, capture)
