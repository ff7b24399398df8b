"""Transactions as the code under audit writes them: from its outermost ``atomic`` to the end.

A ``TestCase`` wraps each test in a transaction of its own. That one does not count: within it
the code's outermost ``atomic`` is a savepoint to the database, and a transaction's beginning here.
Wrappers of queries see nothing of this, so ``Atomic`` and the connection's methods are hooked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic, get_connection

from queryaudit.capture.clock import now_ns
from queryaudit.capture.patching import Patches
from queryaudit.capture.places import Place, class_kind, class_place
from queryaudit.capture.scopes import AWAITING, CURRENT, IGNORING, Scope
from queryaudit.records.events import Boundary, FrameKind, Transaction

#: Where a connection keeps its open transaction; read for each query.
ATTRIBUTE = "_queryaudit_transaction"
#: The open transactions of the running code, whichever thread its connections belong to.
OPEN: ContextVar[tuple[Open, ...]] = ContextVar("queryaudit_open", default=())
#: Wrappers looked through for the function that ``@atomic`` decorates.
_WRAPPERS = 10


class Open:
    """A transaction under way on one connection."""

    __slots__ = (
        "alias",
        "awaited",
        "blocks",
        "ended",
        "id",
        "implicit",
        "manual",
        "savepoints",
        "scope",
        "stack",
    )

    def __init__(
        self, id: int, scope: Scope, alias: str, stack: int, *, implicit: bool, manual: bool
    ) -> None:
        self.id = id
        self.scope = scope
        self.alias = alias
        self.stack = stack
        self.implicit = implicit
        #: Autocommit was switched off: it ends with ``commit()``, and the next one begins.
        self.manual = manual
        #: A coroutine waits for this thread, and others may use it before the transaction ends.
        self.awaited = not manual and bool(AWAITING.get())
        self.ended = False
        #: Blocks entered and not left, the outermost included.
        self.blocks = 0
        #: Savepoints and the stacks that made them, the innermost last.
        self.savepoints: list[tuple[Any, int]] = []

    def asked(self, scope: Scope) -> None:
        """A query is about to be written down: say so if another task has sent it.

        A task inherits what was open as it was made, and keeps what it opens to itself.
        """
        if self not in OPEN.get():
            self.write(scope, Boundary.FOREIGN)

    def write(self, scope: Scope, boundary: Boundary, stack: int | None = None) -> None:
        recorder = scope.recorder
        if recorder is not self.scope.recorder or scope.ended or not scope.judged:
            return
        ignoring = IGNORING.get()
        recorder.note(
            Transaction(
                scope.id,
                self.id,
                boundary,
                now_ns(),
                self.alias,
                self.stack if stack is None else stack,
                len(self.savepoints),
                self.implicit,
                None if ignoring is None else recorder.ignores.id(ignoring),
            ),
        )


def install(patches: Patches, began: Callable[[Scope], None]) -> None:
    """``began`` is called as a transaction begins."""
    patches.define(BaseDatabaseWrapper, ATTRIBUTE, None)
    _atomic(patches, began)
    _endings(patches)
    _savepoints(patches)
    _manual(patches)
    _callbacks(patches)


def open_on(connection: Any) -> Open | None:
    """The code's open transaction on a connection, if there is one."""
    found: Open | None = getattr(connection, ATTRIBUTE, None)
    return found


def _atomic(patches: Patches, began: Callable[[Scope], None]) -> None:
    enter, leave = Atomic.__enter__, Atomic.__exit__

    def __enter__(self: Any) -> None:
        enter(self)
        try:
            _entered(self, began)
        except Exception as ours:  # noqa: BLE001 - the first wall
            _failed(ours)

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
                _end(connection, held, Boundary.COMMIT if committing else Boundary.ROLLBACK)

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
    held = _begin(connection, scope, _subject(caller), implicit=implicit, manual=False)
    held.blocks = 1
    began(scope)


def _begin(connection: Any, scope: Scope, subject: object, *, implicit: bool, manual: bool) -> Open:
    recorder = scope.recorder
    place = None if subject is None else _place(subject, scope)
    stack = recorder.callers.stack("transaction", scope, subject, place)
    held = Open(
        next(recorder.ids), scope, connection.alias, stack, implicit=implicit, manual=manual
    )
    setattr(connection, ATTRIBUTE, held)
    OPEN.set((*(other for other in OPEN.get() if not other.ended), held))
    held.write(scope, Boundary.BEGIN)
    return held


def _end(connection: Any, held: Open, boundary: Boundary) -> None:
    connection.__dict__.pop(ATTRIBUTE, None)
    held.ended = True
    OPEN.set(tuple(other for other in OPEN.get() if not other.ended))
    held.savepoints.clear()
    try:
        held.write(held.scope, boundary)
    except Exception as ours:  # noqa: BLE001 - the first wall
        _failed(ours)


def _endings(patches: Patches) -> None:
    """The connection's own commit and rollback, which a ``TestCase`` keeps from happening."""
    for name, boundary in (("commit", Boundary.COMMIT), ("rollback", Boundary.ROLLBACK)):
        patches.replace(BaseDatabaseWrapper, name, _ending(name, boundary))
    close = BaseDatabaseWrapper.close

    def closing(self: Any) -> None:
        close(self)
        held = open_on(self)
        if held is not None and held.manual:
            _end(self, held, Boundary.ROLLBACK)

    patches.replace(BaseDatabaseWrapper, "close", closing)


def _ending(name: str, boundary: Boundary) -> Any:
    original = getattr(BaseDatabaseWrapper, name)

    def ending(self: Any) -> None:
        original(self)
        held = open_on(self)
        if held is not None:
            _end(self, held, boundary)
            if held.manual:
                _begin_again(self, held)

    return ending


def _begin_again(connection: Any, before: Open) -> None:
    """With autocommit off the end of one transaction is the beginning of the next."""
    try:
        scope = CURRENT.get()
        if scope is not None and scope.judged:
            _begin(connection, scope, None, implicit=before.implicit, manual=True)
    except Exception as ours:  # noqa: BLE001 - the first wall
        _failed(ours)


def _manual(patches: Patches) -> None:
    original = BaseDatabaseWrapper.set_autocommit

    def set_autocommit(self: Any, autocommit: bool, *rest: Any, **named: Any) -> None:
        original(self, autocommit, *rest, **named)
        try:
            held = open_on(self)
            if autocommit:
                if held is not None and held.manual:
                    _end(self, held, Boundary.COMMIT)
                return
            scope = CURRENT.get()
            if held is not None or scope is None or not scope.judged or rest or named:
                return  # a block says so itself
            if sys._getframe(1).f_code.co_name != "connect":  # as the settings want it
                _begin(self, scope, None, implicit=False, manual=True)
        except Exception as ours:  # noqa: BLE001 - the first wall
            _failed(ours)

    patches.replace(BaseDatabaseWrapper, "set_autocommit", set_autocommit)


def _savepoints(patches: Patches) -> None:
    savepoint = BaseDatabaseWrapper.savepoint

    def making(self: Any) -> Any:
        sid = savepoint(self)
        held = open_on(self)
        if held is not None and sid is not None:
            try:
                _saved(held, sid)
            except Exception as ours:  # noqa: BLE001 - the first wall
                _failed(ours)
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
    subject = _subject(caller)
    place = None if subject is None else _place(subject, scope)
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
            _failed(ours)

    return leaving


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
        _failed(ours)


def _subject(caller: FrameType) -> object:
    """What ``@atomic`` decorates, if it is not a ``with`` that ``caller`` stands in."""
    if caller.f_code.co_name != "inner" or not caller.f_code.co_filename.endswith("contextlib.py"):
        return None
    function = caller.f_locals.get("func")
    for _ in range(_WRAPPERS):
        view = getattr(function, "view_class", None)
        if isinstance(view, type):
            return view
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is None:
            break
        function = wrapped
    function = getattr(function, "__func__", function)
    return getattr(function, "__code__", None)


def _place(subject: object, scope: Scope) -> Place | None:
    """Where a decorated function, or a view's class, stands."""
    files = scope.recorder.files
    if isinstance(subject, CodeType):
        kind = files(subject.co_filename).kind
        return None if kind is FrameKind.LIBRARY else Place(kind, subject, -1)
    assert isinstance(subject, type)
    kind = class_kind(subject, files)
    return None if kind is FrameKind.LIBRARY else class_place(kind, subject)


def _failed(error: Exception) -> None:
    scope = CURRENT.get()
    if scope is not None:
        scope.recorder.failed("transactions", error)
