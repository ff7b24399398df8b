"""One persistent wrapper on every connection, of every alias, in every thread."""

from __future__ import annotations

import gc
from time import perf_counter_ns
from typing import Any

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
            recorder.query(scope, sql, params, many, context["connection"], start, error)
        except Exception as ours:
            scope.dropped += 1
            recorder.failed("capture", ours)


def install(patches: Patches) -> None:
    """Wrap the connections that exist and each that will be created."""
    original = BaseDatabaseWrapper.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        wrap(self)

    patches.replace(BaseDatabaseWrapper, "__init__", __init__)
    for connection in _existing():
        wrap(connection)


def uninstall() -> None:
    for connection in _existing():
        if capture in connection.execute_wrappers:
            connection.execute_wrappers.remove(capture)


def wrap(connection: Any) -> None:
    """Outermost, and at the end that ``execute_wrapper()`` does not pop."""
    if capture not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, capture)


def _existing() -> list[Any]:
    """Connections live in the storage of their thread or task: only the collector knows all."""
    return [found for found in gc.get_objects() if isinstance(found, BaseDatabaseWrapper)]
