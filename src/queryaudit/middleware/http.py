"""Makes each request a unit of work. Sync and async in one class.

This file's ``__call__`` and ``__acall__`` mark where a request begins: a walk over the stack goes
no further, so that a test client's caller is not taken for the code of the view.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed

from queryaudit.capture.inputs import attach
from queryaudit.capture.scopes import CURRENT, Scope, entered
from queryaudit.errors import QueryAuditError
from queryaudit.middleware.audits import RequestAudits, audits_from_settings
from queryaudit.middleware.streams import stream_in_scope
from queryaudit.records.kinds import ScopeKind

logger = logging.getLogger("queryaudit")


class QueryAuditMiddleware:
    """Audits requests; put it first in ``MIDDLEWARE``, so that it sees the others' queries.

    Configured by ``QUERYAUDIT`` in the settings and ``[tool.queryaudit]`` in pyproject.toml; off
    unless ``DEBUG`` or ``enabled`` is set.
    """

    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[Any], Any], audits: RequestAudits | None = None
    ) -> None:
        self.get_response = get_response
        if audits is None:
            try:
                audits = audits_from_settings()
            except QueryAuditError as error:
                # The system checks say it too; an application is not kept from starting.
                logger.error("queryaudit is off: %s", error)
                raise MiddlewareNotUsed(str(error)) from error
        self.audits = audits
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        if self.is_async:
            return self.__acall__(request)
        scope = self._begin(request)
        if scope is None:
            return self.get_response(request)
        try:
            with entered(scope):
                response = self.get_response(request)
        except BaseException:
            self._end(scope, request, None)
            raise
        return self._finish(scope, request, response)

    async def __acall__(self, request: Any) -> Any:
        scope = self._begin(request)
        if scope is None:
            return await self._awaited(request)
        try:
            with entered(scope):
                response = await self._awaited(request)
        except BaseException:
            self._end(scope, request, None)
            raise
        return self._finish(scope, request, response)

    def _awaited(self, request: Any) -> Awaitable[Any]:
        awaitable: Awaitable[Any] = self.get_response(request)
        return awaitable

    def _begin(self, request: Any) -> Scope | None:
        current = CURRENT.get()
        if current is not None and current.kind is ScopeKind.REQUEST:
            return None  # an outer instance has it
        try:
            scope = self.audits.begin(request, current)
            attach(scope, request)
            return scope
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)
            return None

    def _end(self, scope: Scope, request: Any, response: Any) -> None:
        try:
            self.audits.end(scope, request, response)
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)

    def _failed(self, error: Exception) -> None:
        """An audit that fails must not fail the request."""
        logger.exception("queryaudit could not audit a request")
        if self.audits.session.config.strict:
            raise error

    def _finish(self, scope: Scope, request: Any, response: Any) -> Any:
        if getattr(response, "streaming", False):
            stream_in_scope(response, scope, lambda: self._end(scope, request, None))
        else:
            self._end(scope, request, response)
        return response
