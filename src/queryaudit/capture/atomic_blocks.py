"""``atomic`` blocks: the outermost of the code is a transaction, whatever a test has around it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.db.transaction import Atomic, get_connection

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT, Scope
from queryaudit.capture.transactions import begin, end, failed, open_on, subject_of
from queryaudit.records.kinds import Boundary


def install(patches: Patches, began: Callable[[Scope], None]) -> None:
    """``began`` is called as a transaction begins."""
    enter, leave = Atomic.__enter__, Atomic.__exit__

    def __enter__(self: Any) -> None:
        enter(self)
        try:
            _entered(self, began)
        except Exception as ours:  # noqa: BLE001 - the first wall
            failed(ours)

    def __exit__(self: Any, kind: Any, value: Any, trace: Any) -> None:
        connection = get_connection(self.using)
        held = open_on(connection)
        if held is None or self._from_testcase:
            leave(self, kind, value, trace)
            return
        held.blocks -= 1
        if held.blocks or held.manual:
            leave(self, kind, value, trace)
            return
        committing = kind is None and not connection.needs_rollback
        try:
            leave(self, kind, value, trace)
        except BaseException:
            committing = False
            raise
        finally:
            # A commit that really happened was seen, before its callbacks ran.
            if open_on(connection) is held:
                end(connection, held, Boundary.COMMIT if committing else Boundary.ROLLBACK)

    patches.replace(Atomic, "__enter__", __enter__)
    patches.replace(Atomic, "__exit__", __exit__)


def _entered(atomic: Any, began: Callable[[Scope], None]) -> None:
    """Note a block that was entered; called by the hook that stands in for ``__enter__``."""
    scope = CURRENT.get()
    if atomic._from_testcase:
        return
    if scope is None:
        # Only a block within one that is known matters: its end must not be taken for the other's.
        held = open_on(get_connection(atomic.using))
        if held is not None:
            held.blocks += 1
        return
    connection = get_connection(atomic.using)
    held = open_on(connection)
    if held is not None:
        held.blocks += 1
        return
    if not scope.judged or scope.ended:
        return
    caller = sys._getframe(2)
    implicit = scope.recorder.files(caller.f_code.co_filename).orm
    held = begin(connection, scope, subject_of(caller), implicit=implicit, manual=False)
    held.blocks = 1
    began(scope)
