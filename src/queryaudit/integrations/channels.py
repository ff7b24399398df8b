"""Channels: each message that a consumer handles is a unit of work.

In an audited run this is so without anything added. In a server, say it beside the application::

    from queryaudit.integrations.channels import audit_messages

    audit_messages()

The methods named ``dispatch`` mark where a message begins: a walk over the stack goes no further.
"""

from __future__ import annotations

from typing import Any

from channels.consumer import AsyncConsumer, SyncConsumer

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT, entered
from queryaudit.integrations.units import Units, application_units
from queryaudit.records.kinds import ScopeKind


class Messages:
    """Puts a scope around the dispatch of each message, in consumers of both kinds."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._patches = Patches()

    def connect(self) -> None:
        for consumer in (AsyncConsumer, SyncConsumer):
            self._patches.replace(consumer, "dispatch", _dispatching(consumer, self._units))

    def disconnect(self) -> None:
        self._patches.undo()


def _dispatching(consumer: Any, units: Units) -> Any:
    original = vars(consumer)["dispatch"]

    async def dispatch(self: Any, message: Any) -> Any:
        handle = original.__get__(self, type(self))
        current = CURRENT.get()
        if current is not None and current.kind is ScopeKind.MESSAGE and not current.ended:
            return await handle(message)  # an outer one has it
        scope = units.begin(ScopeKind.MESSAGE, _name(self, message))
        if scope is None:
            return await handle(message)
        try:
            with entered(scope):
                return await handle(message)
        finally:
            units.end(scope)

    return dispatch


def _name(consumer: Any, message: Any) -> str:
    """``ChatConsumer websocket.receive``: nothing of what the message says."""
    kind = message.get("type") if isinstance(message, dict) else None
    return f"{type(consumer).__name__} {kind}"


def audit_messages() -> None:
    """Audit the messages of this server: with ``DEBUG``, or with ``enabled`` set.

    What is found is logged to the logger ``queryaudit``, and kept in the folder ``trace`` names.
    """
    units = application_units()
    if units is not None:
        Messages(units).connect()
