"""Where a recorder's events go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from queryaudit.records.events import (
    Event,
    Occurrence,
    ScopeEnd,
    ScopeStart,
)

if TYPE_CHECKING:
    from queryaudit.capture.scopes import Scope


class Sink(Protocol):
    """What a recorder feeds. Calls are serialised by the recorder."""

    def define(self, event: Event) -> None: ...
    def start(self, event: ScopeStart) -> None: ...
    def record(self, occurrences: Sequence[Occurrence]) -> None: ...
    def end(self, event: ScopeEnd) -> None: ...


class Sampler(Protocol):
    """Who wants to see executed statements with their parameters; nobody, as a rule."""

    def keep(
        self, scope: int, statement: int, sql: str, params: Any, duration_ns: int, connection: Any
    ) -> None: ...

    def ending(self, scope: Scope) -> None:
        """A unit of work is over, and its connections are as it leaves them. Never raises."""
