"""What is done with the requests of a running application: log, header, trace."""

from __future__ import annotations

import fnmatch
import logging
import random
from typing import Any

from queryaudit.capture.scopes import Scope
from queryaudit.config import Config
from queryaudit.judging import Analysis
from queryaudit.project import project_config
from queryaudit.records.findings import Finding, Fix
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.report import Report
from queryaudit.registry import Registry
from queryaudit.runtime import Session
from queryaudit.sql.statement import Statements

logger = logging.getLogger("queryaudit")


class RequestAudits:
    """Begins and ends the scope of a request. The base only records, for a run that listens."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def begin(self, request: Any, parent: Scope | None) -> Scope | None:
        # A handler may outlive the run or block that it was made in.
        if Session.current is not self.session:
            return None
        return self.session.recorder.start(ScopeKind.REQUEST, request_name(request), parent=parent)

    def end(self, scope: Scope, request: Any, response: Any) -> None:
        """``response`` is None where its headers can't be changed any more."""
        self.session.recorder.end(scope, request_name(request))


class ApplicationAudits(RequestAudits):
    """Audits the requests of an application one by one."""

    def __init__(self, session: Session, config: Config) -> None:
        super().__init__(session)
        self.config = config
        self.registry = Registry()
        self._statements = Statements()
        self._open: dict[int, Analysis] = {}

    def begin(self, request: Any, parent: Scope | None) -> Scope | None:
        config = self.config
        if any(fnmatch.fnmatch(request.path_info, glob) for glob in config.ignore_paths):
            return None
        if config.sample_rate < 1 and random.random() >= config.sample_rate:
            return None
        recorder = self.session.recorder
        if not (config.log or config.server_timing):
            return super().begin(request, parent)
        analysis = Analysis(config, self.registry, self._statements)
        with recorder.lock:
            engine = analysis.engine(self.session.hub.tables)
            with self.session.hub.listening(engine):
                scope = super().begin(request, parent)
            if scope is not None:
                self._open[scope.id] = analysis
        return scope

    def end(self, scope: Scope, request: Any, response: Any) -> None:
        super().end(scope, request, response)
        analysis = self._open.pop(scope.id, None)
        if analysis is None:
            return
        try:
            self._tell(analysis.report(), request, response)
        except Exception:  # an audit that fails must not fail the request
            logger.exception("queryaudit could not analyse a request")
            if self.config.strict:
                raise

    def _tell(self, report: Report, request: Any, response: Any) -> None:
        audited = report.audited
        if self.config.server_timing and response is not None:
            response.headers.setdefault("Server-Timing", "")
            timing = server_timing(audited.queries, audited.duration_ns)
            known = response.headers["Server-Timing"]
            response.headers["Server-Timing"] = f"{known}, {timing}" if known else timing
        if self.config.log:
            for finding in report.findings:
                logger.warning("%s", log_line(finding, request_name(request)))


def audits_from_settings() -> ApplicationAudits:
    """For the middleware as installed in the settings. ConfigError if they are wrong."""
    from django.conf import settings
    from django.core.exceptions import MiddlewareNotUsed

    config = project_config()
    enabled = settings.DEBUG if config.enabled is None else config.enabled
    if not enabled:
        raise MiddlewareNotUsed("queryaudit audits only with DEBUG or enabled = true.")
    session = Session(config).open()
    if config.trace is not None:
        session.keep_trace(config.trace)
    return ApplicationAudits(session, config)


def request_name(request: Any) -> str:
    """Method and route, so that one view is one name whatever its arguments.

    Never the path: it holds values, and names are written into traces.
    """
    match = getattr(request, "resolver_match", None)
    if match is None:
        return f"{request.method} (no route)"
    return f"{request.method} /{match.route}"


def server_timing(queries: int, duration_ns: int) -> str:
    """A ``Server-Timing`` entry; the duration is in milliseconds."""
    noun = "query" if queries == 1 else "queries"
    return f'db;dur={duration_ns / 1e6:.1f};desc="{queries} {noun}"'


def log_line(finding: Finding, name: str) -> str:
    """One line for a log: what, where, and what to write."""
    fix = f" Fix: {_in_a_line(finding.fix)}" if finding.fix and finding.fix.code else ""
    message = finding.message.rstrip(".")
    text = f"{finding.rule} {message} at {finding.location} in {name}.{fix}"
    return "".join(c if c.isprintable() else " " for c in text)


def _in_a_line(fix: Fix) -> str:
    """The code to write without its imports, or what it does where that takes several lines."""
    lines = [line for line in fix.code.splitlines() if not line.startswith(("from ", "import "))]
    return lines[0] if len(lines) == 1 and "..." not in lines[0] else fix.title
