"""Where a recorder's events go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from queryaudit.records.events import Event, Occurrence, ScopeEnd, ScopeStart


class Sink(Protocol):
    """What a recorder feeds. Calls are serialised by the recorder."""

    def define(self, event: Event) -> None: ...
    def start(self, event: ScopeStart) -> None: ...
    def record(self, occurrences: Sequence[Occurrence]) -> None: ...
    def end(self, event: ScopeEnd) -> None: ...
