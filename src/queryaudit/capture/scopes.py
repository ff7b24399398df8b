"""Units of work, and which one the running code belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType
from typing import TYPE_CHECKING, Any

from queryaudit.capture.clock import now_ns
from queryaudit.records.kinds import Phase, ScopeKind

if TYPE_CHECKING:
    from queryaudit.capture.recorder import Recorder
    from queryaudit.capture.usage import Uses

#: A frame that is gone by the time a thread runs the query: its code and instruction offset.
Ancestor = tuple[CodeType, int]


class Scope:
    """One unit of work being recorded. All state of a unit hangs off this object."""

    __slots__ = (
        "base",
        "counted",
        "dropped",
        "ended",
        "id",
        "judged",
        "kind",
        "name",
        "parent",
        "phase",
        "recorder",
        "request",
        "started",
        "uses",
    )

    def __init__(
        self,
        recorder: Recorder,
        id: int,
        parent: Scope | None,
        kind: ScopeKind,
        name: str,
        phase: Phase,
        base: tuple[CodeType, int] | None = None,
    ) -> None:
        self.recorder = recorder
        self.id = id
        self.parent = parent
        self.kind = kind
        self.name = name
        self.phase = phase
        #: Queries are written down, not only counted.
        self.judged = phase is Phase.CALL
        self.base = base
        #: A weak reference to the request that is served, if one is.
        self.request: Any = None
        self.started = now_ns()
        self.dropped = 0
        self.counted = 0
        self.ended = False
        #: What is read of the rows of each origin, in deep mode.
        self.uses: dict[int, Uses] = {}


#: None outside every unit of work: then a query costs one lookup.
CURRENT: ContextVar[Scope | None] = ContextVar("queryaudit_scope", default=None)

#: The project's frames that wait for the running thread, innermost first.
AWAITING: ContextVar[tuple[Ancestor, ...]] = ContextVar("queryaudit_awaiting", default=())


@contextmanager
def entered(scope: Scope | None) -> Iterator[None]:
    """Make ``scope`` the current one for a block of this thread or task."""
    token = CURRENT.set(scope)
    try:
        yield
    finally:
        # A generator may be closed in another context than the one it started in.
        try:
            CURRENT.reset(token)
        except ValueError:
            CURRENT.set(None)


class ActiveIgnore:
    """An ``ignore()`` that is in force; ``id`` is given by the recorder that first meets it."""

    __slots__ = ("codes", "ids", "line", "optional", "outer", "path", "reason")

    def __init__(
        self,
        codes: tuple[str, ...],
        reason: str,
        path: str,
        line: int,
        outer: ActiveIgnore | None,
        *,
        optional: bool = False,
    ) -> None:
        self.codes = codes
        self.reason = reason
        self.path = path
        self.line = line
        self.outer = outer
        self.optional = optional
        #: ids by recorder
        self.ids: dict[int, int] = {}


#: The innermost ignore in force.
IGNORING: ContextVar[ActiveIgnore | None] = ContextVar("queryaudit_ignoring", default=None)
