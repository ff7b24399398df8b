"""The panel: listens to the request and keeps what was found with the toolbar's own data.

``process_request`` and ``_awaited`` mark where a request begins: a walk over the stack goes no
further.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import asdict
from inspect import isawaitable
from pathlib import Path
from typing import Any

from debug_toolbar.panels import Panel
from django.template import Context, Engine

from queryaudit.capture.scopes import entered
from queryaudit.errors import QueryAuditError
from queryaudit.integrations.debug_toolbar.listening import Audits, Listening
from queryaudit.integrations.debug_toolbar.rows import PanelRows
from queryaudit.middleware.streams import stream_in_scope
from queryaudit.project import project_config
from queryaudit.reports.wording import count

logger = logging.getLogger("queryaudit")

_OFF = "queryaudit is off: the option enabled is false."
_LEFT_OUT = "This request was not audited: ignore-paths names its path."
_FAILED = "queryaudit could not analyse this request; the log says why."
_STREAMED = "The response is being streamed; its findings stand here when it has ended."


class QueryAuditPanel(Panel):  # type: ignore[misc]
    """Findings of the request, and its statements with repeated ones folded."""

    is_async = True
    nav_title = "queryaudit"
    title = "Use of the database"

    #: Made for the first request of the process.
    _audits: Audits | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rows: PanelRows | None = None
        self._instead = ""

    @property
    def nav_subtitle(self) -> str:
        stats = self.get_stats()
        if "queries" not in stats:
            return ""
        found = count(len(stats["findings"]) + stats["left_out"], "finding")
        return f"{found}, {count(stats['queries'], 'query')}"

    @property
    def content(self) -> str:
        # An engine of our own: the page looks the same whatever the project's templates are like,
        # and escapes all that it prints.
        engine = Engine(dirs=[str(Path(__file__).parent)], autoescape=True)
        return engine.get_template("panel.html").render(Context(self.get_stats()))

    def process_request(self, request: Any) -> Any:
        listening = self._begin(request)
        if listening is None:
            return self.get_response(request)
        try:
            with entered(listening.scope):
                response = self.get_response(request)
        except BaseException:
            self._end(listening)
            raise
        if isawaitable(response):
            return self._awaited(response, listening)
        return self._finish(response, listening)

    async def _awaited(self, response: Awaitable[Any], listening: Listening) -> Any:
        try:
            with entered(listening.scope):
                answer = await response
        except BaseException:
            self._end(listening)
            raise
        return self._finish(answer, listening)

    def _finish(self, response: Any, listening: Listening) -> Any:
        if getattr(response, "streaming", False):
            self._instead = _STREAMED
            stream_in_scope(response, listening.scope, lambda: self._end_late(listening))
        else:
            self._end(listening)
        return response

    def generate_stats(self, request: Any, response: Any) -> None:
        self.record_stats(asdict(self._rows) if self._rows else {"instead": self._instead})

    def generate_server_timing(self, request: Any, response: Any) -> None:
        if self._rows is not None:
            self.record_server_timing("queries", self.nav_subtitle, self._rows.time_ms)

    def _begin(self, request: Any) -> Listening | None:
        try:
            audits = QueryAuditPanel._audits
            if audits is None:
                audits = QueryAuditPanel._audits = Audits(project_config())
            if audits.config.enabled is False:
                self._instead = _OFF
                return None
            listening = audits.begin(request)
            if listening is None:
                self._instead = _LEFT_OUT
            return listening
        except QueryAuditError as error:
            self._instead = f"queryaudit is off: {error}"
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)
        return None

    def _end(self, listening: Listening) -> None:
        try:
            self._rows = listening.end() or self._rows
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)

    def _end_late(self, listening: Listening) -> None:
        """After the toolbar asked for its data: hand them in."""
        known = self._rows
        self._end(listening)
        if self._rows is known:
            return
        try:
            self.record_stats({"instead": "", **asdict(self._rows)})  # type: ignore[arg-type]
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)

    def _failed(self, error: Exception) -> None:
        """An audit that fails must not fail the request."""
        self._instead = _FAILED
        logger.exception("queryaudit could not audit a request")
        audits = QueryAuditPanel._audits
        if audits is not None and audits.config.strict:
            raise error
