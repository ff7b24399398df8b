"""How transactions end, by what a connection does itself, and what runs because of a commit."""

from __future__ import annotations

import sys
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT, Scope
from queryaudit.capture.transactions import ATTRIBUTE, Open, begin, end, failed, open_on
from queryaudit.records.kinds import Boundary


def install(patches: Patches) -> None:
    patches.define(BaseDatabaseWrapper, ATTRIBUTE, None)
    _endings(patches)
    _manual(patches)
    _callbacks(patches)


def _endings(patches: Patches) -> None:
    """The connection's own commit and rollback, which a ``TestCase`` keeps from happening."""
    for name, boundary in (("commit", Boundary.COMMIT), ("rollback", Boundary.ROLLBACK)):
        patches.replace(BaseDatabaseWrapper, name, _ending(name, boundary))
    close = BaseDatabaseWrapper.close

    def closing(self: Any) -> None:
        close(self)
        held = open_on(self)
        if held is not None and held.manual:
            end(self, held, Boundary.ROLLBACK)

    patches.replace(BaseDatabaseWrapper, "close", closing)


def _ending(name: str, boundary: Boundary) -> Any:
    original = getattr(BaseDatabaseWrapper, name)

    def ending(self: Any) -> None:
        original(self)
        held = open_on(self)
        if held is not None:
            end(self, held, boundary)
            if held.manual:
                _begin_again(self, held)

    return ending


def _begin_again(connection: Any, before: Open) -> None:
    """With autocommit off the end of one transaction is the beginning of the next."""
    try:
        scope = CURRENT.get()
        if scope is not None and scope.judged:
            begin(connection, scope, None, implicit=before.implicit, manual=True)
    except Exception as ours:  # noqa: BLE001 - the first wall
        failed(ours)


def _manual(patches: Patches) -> None:
    original = BaseDatabaseWrapper.set_autocommit

    def set_autocommit(self: Any, autocommit: bool, *rest: Any, **named: Any) -> None:
        original(self, autocommit, *rest, **named)
        try:
            held = open_on(self)
            if autocommit:
                if held is not None and held.manual:
                    end(self, held, Boundary.COMMIT)
                return
            scope = CURRENT.get()
            if held is not None or scope is None or not scope.judged or rest or named:
                return  # a block says so itself
            if sys._getframe(1).f_code.co_name != "connect":  # as the settings want it
                begin(self, scope, None, implicit=False, manual=True)
        except Exception as ours:  # noqa: BLE001 - the first wall
            failed(ours)

    patches.replace(BaseDatabaseWrapper, "set_autocommit", set_autocommit)


def _callbacks(patches: Patches) -> None:
    """Mark what ``on_commit`` callbacks do: it comes after the transaction, and because of it."""
    original = BaseDatabaseWrapper.run_and_clear_commit_hooks

    def run_and_clear_commit_hooks(self: Any) -> None:
        scope = CURRENT.get()
        if scope is None or not scope.judged or not self.run_on_commit:
            original(self)
            return
        _called(self, scope, Boundary.CALLBACKS)
        try:
            original(self)
        finally:
            _called(self, scope, Boundary.CALLED)

    patches.replace(BaseDatabaseWrapper, "run_and_clear_commit_hooks", run_and_clear_commit_hooks)


def _called(connection: Any, scope: Scope, boundary: Boundary) -> None:
    try:
        recorder = scope.recorder
        stack = recorder.callers.stack("callbacks", scope)
        Open(0, scope, connection.alias, stack, implicit=True, manual=False).write(scope, boundary)
    except Exception as ours:  # noqa: BLE001 - the first wall
        failed(ours)
