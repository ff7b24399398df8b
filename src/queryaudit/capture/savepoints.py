"""Savepoints: made, released and rolled back, by blocks and by hand."""

from __future__ import annotations

import sys
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.capture.transactions import Open, failed, open_on, place_of, subject_of
from queryaudit.records.kinds import Boundary


def install(patches: Patches) -> None:
    savepoint = BaseDatabaseWrapper.savepoint

    def making(self: Any) -> Any:
        sid = savepoint(self)
        held = open_on(self)
        if held is not None and sid is not None:
            try:
                _saved(held, sid)
            except Exception as ours:  # noqa: BLE001 - the first wall
                failed(ours)
        return sid

    patches.replace(BaseDatabaseWrapper, "savepoint", making)
    for name, boundary in (
        ("savepoint_commit", Boundary.RELEASE),
        ("savepoint_rollback", Boundary.SAVEPOINT_ROLLBACK),
    ):
        patches.replace(BaseDatabaseWrapper, name, _leaving(name, boundary))


def _saved(held: Open, sid: object) -> None:
    scope = CURRENT.get()
    if scope is None or not scope.judged or scope.recorder is not held.scope.recorder:
        return
    caller = sys._getframe(2)
    if caller.f_code.co_name == "__enter__" and caller.f_back is not None:
        caller = caller.f_back.f_back or caller  # past the block's own hook
    subject = subject_of(caller)
    place = None if subject is None else place_of(subject, scope)
    stack = scope.recorder.callers.stack("savepoint", scope, subject, place)
    held.savepoints.append((sid, stack))
    held.write(scope, Boundary.SAVEPOINT, stack)


def _leaving(name: str, boundary: Boundary) -> Any:
    original = getattr(BaseDatabaseWrapper, name)

    def leaving(self: Any, sid: Any) -> None:
        original(self, sid)
        held = open_on(self)
        if held is None or not any(known == sid for known, _ in held.savepoints):
            return
        try:
            while held.savepoints[-1][0] != sid:  # those within it are gone with it
                held.savepoints.pop()
            held.write(CURRENT.get() or held.scope, boundary, held.savepoints[-1][1])
            if boundary is Boundary.RELEASE:
                held.savepoints.pop()
        except Exception as ours:  # noqa: BLE001 - the first wall
            failed(ours)

    return leaving
