"""Which connection, thread and unit of work a server process of PostgreSQL works for.

Hooked only while locks are watched: each cursor that is asked for notes who asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import ref

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.creation import BaseDatabaseCreation

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT, IGNORING, ActiveIgnore, Scope

#: Where a connection keeps who used it last.
_ATTRIBUTE = "_queryaudit_user"
#: A server, as far as settings tell it from others.
Server = tuple[str, str]


class User(NamedTuple):
    """Who asked a connection for a cursor last."""

    raw: int  #: identity of the driver's connection
    pid: int
    thread: int
    scope: Scope | None
    ignoring: ActiveIgnore | None


class Backends:
    """Connections by server and process id. They are not kept alive."""

    def __init__(self, appeared: Callable[[Server, Any], None]) -> None:
        #: Called with a server and one of its connections.
        self._appeared = appeared
        self._known: dict[tuple[Server, int], ref[Any]] = {}

    def install(self, patches: Patches, dropping: Callable[[], None]) -> None:
        """``dropping`` is called before a test database is dropped."""
        asking, destroy = BaseDatabaseWrapper._cursor, BaseDatabaseCreation.destroy_test_db  # type: ignore[attr-defined]
        used = self._used

        def _cursor(self: Any, *args: Any, **named: Any) -> Any:
            cursor = asking(self, *args, **named)
            if self.vendor == "postgresql":
                used(self)
            return cursor

        def destroy_test_db(self: Any, *args: Any, **named: Any) -> Any:
            dropping()
            return destroy(self, *args, **named)

        patches.define(BaseDatabaseWrapper, _ATTRIBUTE, None)
        patches.replace(BaseDatabaseWrapper, "_cursor", _cursor)
        patches.replace(BaseDatabaseCreation, "destroy_test_db", destroy_test_db)

    def _used(self, connection: Any) -> None:
        scope = CURRENT.get()
        try:
            before: User | None = getattr(connection, _ATTRIBUTE)
            raw = connection.connection
            if before is not None and before.raw == id(raw):
                pid = before.pid
            else:
                pid = raw.info.backend_pid
                server = server_of(connection)
                self._known[server, pid] = ref(connection)
                if scope is not None:
                    self._appeared(server, connection)
            user = User(id(raw), pid, threading.get_ident(), scope, IGNORING.get())
            setattr(connection, _ATTRIBUTE, user)
            if before is not None and before.scope is None and scope is not None:
                self._appeared(server_of(connection), connection)
        except Exception as ours:  # noqa: BLE001 - the first wall
            if scope is not None:
                scope.recorder.failed("backends", ours)

    def of(self, server: Server, pid: int) -> tuple[Any, User] | None:
        """The connection that a process serves, and who used it last."""
        known = self._known.get((server, pid))
        connection = known() if known is not None else None
        user: User | None = getattr(connection, _ATTRIBUTE, None)
        if (
            connection is None
            or user is None
            or user.pid != pid
            or id(connection.connection) != user.raw
        ):
            return None
        return connection, user

    def is_busy(self, server: Server) -> bool:
        """Whether a unit of work that goes on has a connection to the server."""
        for (where, pid), known in list(self._known.items()):
            if where != server:
                continue
            if known() is None:
                del self._known[where, pid]
                continue
            found = self.of(server, pid)
            if found is not None and found[1].scope is not None and not found[1].scope.ended:
                return True
        return False


def server_of(connection: Any) -> Server:
    settings = connection.settings_dict
    return (str(settings.get("HOST") or ""), str(settings.get("PORT") or ""))
