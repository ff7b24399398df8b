"""Makes requests, management commands, tasks and messages units of work, with nothing added to the
settings."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from django.core.handlers.base import BaseHandler
from django.core.management.base import BaseCommand

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT, entered
from queryaudit.integrations.units import Units
from queryaudit.middleware.audits import RequestAudits
from queryaudit.middleware.http import QueryAuditMiddleware
from queryaudit.records.kinds import ScopeKind
from queryaudit.runtime import Session


class Host(Protocol):
    """A library that has units of work of its own."""

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...


class Entrances:
    """Puts our middleware outermost into each handler, and a scope around each command, task and
    message."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._patches = Patches()
        self._hosts: dict[str, Host] = {}

    def install(self) -> None:
        self._patches.replace(BaseHandler, "load_middleware", _loading(self._session))
        self._patches.replace(BaseCommand, "execute", _executing())
        self.attach()

    def attach(self) -> None:
        """Attach to the hosts that the project has imported by now; none is imported for it."""
        units = Units(self._session)
        if "celery" in sys.modules and "celery" not in self._hosts:
            from queryaudit.integrations.celery import Tasks

            self._hosts["celery"] = tasks = Tasks(units)
            tasks.connect()
        if "channels.consumer" in sys.modules and "channels" not in self._hosts:
            from queryaudit.integrations.channels import Messages

            self._hosts["channels"] = messages = Messages(units)
            messages.connect()

    def uninstall(self) -> None:
        for host in self._hosts.values():
            host.disconnect()
        self._hosts.clear()
        self._patches.undo()


def _loading(session: Session) -> Any:
    original = BaseHandler.load_middleware
    audits = RequestAudits(session)

    def load_middleware(self: Any, is_async: bool = False) -> None:
        original(self, is_async=is_async)
        self._middleware_chain = QueryAuditMiddleware(self._middleware_chain, audits)

    return load_middleware


def _executing() -> Any:
    original = BaseCommand.execute

    # This name marks where a command begins: a walk over the stack goes no further.
    def execute(self: Any, *args: Any, **options: Any) -> Any:
        current = CURRENT.get()
        module = type(self).__module__
        # Django's own (flush, migrate) are tools of the one who calls them.
        if current is None or current.ended or module.startswith("django."):
            return original(self, *args, **options)
        recorder = current.recorder
        scope = recorder.start(
            ScopeKind.COMMAND, module.rpartition(".")[2], phase=current.phase, parent=current
        )
        try:
            with entered(scope):
                return original(self, *args, **options)
        finally:
            recorder.end(scope)

    return execute
