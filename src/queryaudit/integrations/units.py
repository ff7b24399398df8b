"""Units of work of hosts other than HTTP: tasks, messages.

In an audited run they are written down for whoever listens. In an application they are judged one
by one, and what was found is logged, as the middleware does it for requests.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from queryaudit.capture.scopes import CURRENT, Scope
from queryaudit.config import Config
from queryaudit.errors import QueryAuditError
from queryaudit.judging import Analysis
from queryaudit.middleware.audits import log_line
from queryaudit.project import project_config
from queryaudit.records.kinds import Phase, ScopeKind
from queryaudit.registry import Registry
from queryaudit.runtime import Session
from queryaudit.sql.statement import Statements

logger = logging.getLogger("queryaudit")


class Units:
    """Begins and ends units of work of a run that listens. Never raises but in strict mode."""

    def __init__(self, session: Session | None = None) -> None:
        self._session = session

    def begin(self, kind: ScopeKind, name: str) -> Scope | None:
        """None if there is nothing to audit; else make the scope current, and end it."""
        try:
            return self._begin(kind, name)
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)
            return None

    def end(self, scope: Scope) -> None:
        try:
            self._end(scope)
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)

    def process_ends(self) -> None:
        """For hosts whose processes end without what Python does at exit."""
        try:
            if self._session is not None:
                self._session.finish_trace()
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed(ours)

    def _begin(self, kind: ScopeKind, name: str) -> Scope | None:
        session = self._session
        # A host may outlive the run that it was attached in.
        if session is None or Session.current is not session:
            return None
        # Threads and communicators have contexts of their own, also those that a test began.
        outer = CURRENT.get() or session.recorder.phase
        if outer is not None and outer.ended:
            outer = session.recorder.phase
        phase = outer.phase if outer is not None else Phase.CALL
        return session.recorder.start(kind, name, phase=phase, parent=outer)

    def _end(self, scope: Scope) -> None:
        scope.recorder.end(scope)

    def _failed(self, error: Exception) -> None:
        logger.exception("queryaudit could not audit a unit of work")
        if self._session is not None and self._session.config.strict:
            raise error


class ApplicationUnits(Units):
    """Judges units of work as they end. Capture begins with the first one of a process, so that
    processes may be forked before."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._config = config
        self._registry = Registry()
        self._statements = Statements()
        self._open: dict[int, Analysis] = {}
        self._lock = threading.Lock()

    def _begin(self, kind: ScopeKind, name: str) -> Scope | None:
        if CURRENT.get() is not None:
            # Part of a request, a test or a block: whoever audits that hears of it.
            self._session = Session.current
            return super()._begin(kind, name)
        session = self._running()
        analysis = Analysis(self._config, self._registry, self._statements)
        with session.recorder.lock:
            with session.hub.listening(analysis.engine(session.hub.tables)):
                scope = super()._begin(kind, name)
            if scope is not None:
                self._open[scope.id] = analysis
        return scope

    def _running(self) -> Session:
        with self._lock:
            if self._session is None or Session.current is not self._session:
                session = self._session = Session(self._config).open()
                if self._config.trace is not None:
                    session.keep_trace(self._config.trace)
            return self._session

    def _end(self, scope: Scope) -> None:
        super()._end(scope)
        analysis = self._open.pop(scope.id, None)
        if analysis is None:
            return
        report = analysis.report()
        if self._config.log:
            for finding in report.findings:
                logger.warning("%s", log_line(finding, scope.name))


def application_units() -> ApplicationUnits | None:
    """For a host whose project asks for it; None where the configuration says no."""
    from django.conf import settings

    try:
        config = project_config()
    except QueryAuditError as error:
        logger.error("queryaudit is off: %s", error)
        return None
    enabled: Any = settings.DEBUG if config.enabled is None else config.enabled
    return ApplicationUnits(config) if enabled else None
