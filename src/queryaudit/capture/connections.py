"""Stands before every statement of every cursor: of each connection, alias and thread.

``CursorWrapper`` hands each statement through one method to the wrappers that a connection has.
Standing before that method is cheaper than being one of them, sees the statement as it was asked
for, and leaves the connections' own lists of wrappers as they are.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.utils import CursorWrapper

from queryaudit.capture.clock import now_ns
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT


def install(patches: Patches) -> None:
    original = CursorWrapper._execute_with_wrappers  # type: ignore[attr-defined]
    current = CURRENT.get

    def _execute_with_wrappers(self: Any, sql: Any, params: Any, many: Any, executor: Any) -> Any:
        scope = current()
        if scope is None:
            return original(self, sql, params, many, executor)
        start = now_ns()
        error: str | None = None
        try:
            return original(self, sql, params, many, executor)
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            recorder = scope.recorder
            try:
                recorder.query(scope, self, sql, params, many, start, error)
            except Exception as ours:  # noqa: BLE001 - the first wall
                scope.dropped += 1
                recorder.failed("capture", ours)

    patches.replace(CursorWrapper, "_execute_with_wrappers", _execute_with_wrappers)
