"""Which rows of a damaged trace still have all that they refer to."""

from __future__ import annotations

from queryaudit.records.counted import Counted
from queryaudit.records.definitions import (
    Access,
    Ignored,
    Origin,
    Provenance,
)
from queryaudit.records.events import (
    Effect,
    Event,
    Fetch,
    Held,
    Hydration,
    Query,
    ScopeEnd,
    ScopeStart,
    Transaction,
    Usage,
)
from queryaudit.records.parameters import Nulls
from queryaudit.records.plans import Plan
from queryaudit.records.waits import Wait
from queryaudit.trace.tables import Tables


class Closure:
    """Admits rows, and once the trace is ``damaged`` only those whose ids are defined.

    An undamaged trace defines before it refers, so nothing is looked up while it lasts.
    """

    def __init__(self) -> None:
        self.damaged = False
        self.lost = 0
        self._tables = Tables()

    def admits(self, event: Event) -> bool:
        if self.damaged and not self._is_closed(event):
            self.lost += 1
            return False
        self._tables.add(event)
        return True

    def _is_closed(self, event: Event) -> bool:
        known = self._tables
        match event:
            case Query() | Fetch() | Hydration() | Counted():
                return (
                    event.scope in known.scopes
                    and event.sql in known.sql
                    and event.stack in known.stacks
                    and (event.access is None or event.access in known.accesses)
                    and (event.ignored is None or event.ignored in known.ignores)
                )
            case Held():
                return (
                    event.scope in known.scopes
                    and event.sql in known.sql
                    and event.stack in known.stacks
                    and event.origin in known.origins
                )
            case Usage():
                return event.scope in known.scopes and event.origin in known.origins
            case Transaction() | Effect():
                return (
                    event.scope in known.scopes
                    and event.stack in known.stacks
                    and (event.ignored is None or event.ignored in known.ignores)
                )
            case Wait():
                return (
                    event.scope in known.scopes
                    and (event.began is None or event.began in known.stacks)
                    and (event.stack is None or event.stack in known.stacks)
                    and (event.ignored is None or event.ignored in known.ignores)
                )
            case Origin() | Provenance() | Nulls():
                return event.sql in known.sql and event.stack in known.stacks
            case Access():
                return event.origin is None or event.origin in known.origins
            case Plan():
                return event.sql in known.sql
            case ScopeStart():
                return event.parent is None or event.parent in known.scopes
            case ScopeEnd():
                return event.id in known.scopes
            case Ignored():
                return event.outer is None or event.outer in known.ignores
            case _:
                return True
