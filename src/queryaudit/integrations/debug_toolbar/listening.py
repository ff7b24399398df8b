"""One request under audit, for the panel: as a unit of work of the middleware, or of its own."""

from __future__ import annotations

import fnmatch
import threading
from typing import Any

from queryaudit.capture.clock import now_ns
from queryaudit.capture.scopes import CURRENT, Scope
from queryaudit.config import Config
from queryaudit.integrations.debug_toolbar.fetched import FetchCounts
from queryaudit.integrations.debug_toolbar.rows import PanelRows, panel_rows
from queryaudit.judging import Analysis
from queryaudit.middleware.audits import request_name
from queryaudit.records.events import ScopeEnd
from queryaudit.records.kinds import ScopeKind
from queryaudit.registry import Registry
from queryaudit.runtime import Session
from queryaudit.sql.statement import Statements


class Listening:
    """A request that is listened to. Where the middleware has made a unit of work of it, that
    one is joined, so that its queries are written down once."""

    def __init__(
        self, session: Session, analysis: Analysis, statements: Statements, request: Any
    ) -> None:
        self._session = session
        self._analysis = analysis
        self._request = request
        self._engine = analysis.engine(session.hub.tables)
        self._counts = FetchCounts(session.hub.tables, statements)
        self._ended = False
        current = CURRENT.get()
        recorder = session.recorder
        with recorder.lock:
            self._joined = _is_request(current, session)
            if current is not None and self._joined:
                recorder.flush()
                session.hub.join(current.id, self._engine)
                session.hub.join(current.id, self._counts)
                self.scope = current
            else:
                with session.hub.listening(self._engine, self._counts):
                    name = request_name(request)
                    self.scope = recorder.start(ScopeKind.REQUEST, name, parent=current)

    def end(self) -> PanelRows | None:
        """What the request did; None if that was told before."""
        recorder, scope = self._session.recorder, self.scope
        name = request_name(self._request)
        with recorder.lock:
            if self._ended:
                return None
            self._ended = True
            if not self._joined:
                recorder.end(scope, name)
            elif not scope.ended:
                recorder.flush()
                duration_ns = now_ns() - scope.started
                event = ScopeEnd(scope.id, duration_ns, scope.dropped, scope.counted, name)
                self._session.hub.leave(event, self._engine)
                self._session.hub.leave(event, self._counts)
        return panel_rows(self._analysis.report(), self._counts.by_fingerprint())


class Audits:
    """What the requests of a process share: configuration, rules, statements read before."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._registry = Registry()
        self._statements = Statements()
        self._session: Session | None = None
        self._lock = threading.Lock()

    def begin(self, request: Any) -> Listening | None:
        """None if the request is not to be audited."""
        if any(fnmatch.fnmatch(request.path_info, glob) for glob in self.config.ignore_paths):
            return None
        analysis = Analysis(self.config, self._registry, self._statements)
        return Listening(self._running(), analysis, self._statements, request)

    def _running(self) -> Session:
        """The session that captures in this process, for as long as the process lives."""
        with self._lock:
            if self._session is None or Session.current is not self._session:
                self._session = Session(self.config).open()
            return self._session


def _is_request(scope: Scope | None, session: Session) -> bool:
    return (
        scope is not None
        and scope.kind is ScopeKind.REQUEST
        and scope.judged
        and not scope.ended
        and scope.recorder is session.recorder
    )
