"""Brings our middleware into every request handler, with nothing added to the settings."""

from __future__ import annotations

from typing import Any

from django.core.handlers.base import BaseHandler

from queryaudit.capture.patching import Patches
from queryaudit.middleware.audits import RequestAudits
from queryaudit.middleware.http import QueryAuditMiddleware
from queryaudit.runtime import Session


class RequestEntrance:
    """Wraps each handler's middleware chain, outermost, while installed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._patches = Patches()

    def install(self) -> None:
        audits = RequestAudits(self._session)
        original = BaseHandler.load_middleware

        def load_middleware(self: Any, is_async: bool = False) -> None:
            original(self, is_async=is_async)
            self._middleware_chain = QueryAuditMiddleware(self._middleware_chain, audits)

        self._patches.replace(BaseHandler, "load_middleware", load_middleware)

    def uninstall(self) -> None:
        self._patches.undo()
