"""Transactions as the code under audit writes them: from its outermost ``atomic`` to the end.

A ``TestCase`` wraps each test in a transaction of its own. That one does not count: within it
the code's outermost ``atomic`` is a savepoint to the database, and a transaction's beginning here.
Wrappers of queries see nothing of this, so ``Atomic`` and the connection's methods are hooked, by
``atomic_blocks``, ``savepoints`` and ``commits``.
"""

from __future__ import annotations

from contextvars import ContextVar
from types import CodeType, FrameType
from typing import Any

from queryaudit.capture.clock import now_ns
from queryaudit.capture.places import Place, class_kind, class_place
from queryaudit.capture.scopes import AWAITING, CURRENT, IGNORING, Scope
from queryaudit.records.events import Transaction
from queryaudit.records.kinds import Boundary, FrameKind

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
        "ours_ns",
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
        #: Time in which the application waited for us.
        self.ours_ns = 0
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
                self.ours_ns,
            ),
        )


def open_on(connection: Any) -> Open | None:
    """The code's open transaction on a connection, if there is one."""
    found: Open | None = getattr(connection, ATTRIBUTE, None)
    return found


def begin(connection: Any, scope: Scope, subject: object, *, implicit: bool, manual: bool) -> Open:
    recorder = scope.recorder
    place = None if subject is None else place_of(subject, scope)
    stack = recorder.callers.stack("transaction", scope, subject, place)
    held = Open(
        next(recorder.ids), scope, connection.alias, stack, implicit=implicit, manual=manual
    )
    setattr(connection, ATTRIBUTE, held)
    OPEN.set((*(other for other in OPEN.get() if not other.ended), held))
    held.write(scope, Boundary.BEGIN)
    return held


def end(connection: Any, held: Open, boundary: Boundary) -> None:
    connection.__dict__.pop(ATTRIBUTE, None)
    held.ended = True
    OPEN.set(tuple(other for other in OPEN.get() if not other.ended))
    held.savepoints.clear()
    try:
        held.write(held.scope, boundary)
    except Exception as ours:  # noqa: BLE001 - the first wall
        failed(ours)


def subject_of(caller: FrameType) -> object:
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


def place_of(subject: object, scope: Scope) -> Place | None:
    """Where a decorated function, or a view's class, stands."""
    files = scope.recorder.files
    if isinstance(subject, CodeType):
        kind = files(subject.co_filename).kind
        return None if kind is FrameKind.LIBRARY else Place(kind, subject, -1)
    assert isinstance(subject, type)
    kind = class_kind(subject, files)
    return None if kind is FrameKind.LIBRARY else class_place(kind, subject)


def failed(error: Exception) -> None:
    scope = CURRENT.get()
    if scope is not None:
        scope.recorder.failed("transactions", error)
