"""Puts capture, analysis and trace together for a process that is being audited.

The judging half, which needs no Django, is ``judging``.
"""

from __future__ import annotations

import atexit
import logging
import os
import platform
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from queryaudit import __version__
from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.install import Installation
from queryaudit.capture.recorder import Recorder
from queryaudit.capture.roots import project_roots
from queryaudit.capture.waits import Watcher
from queryaudit.config import Config
from queryaudit.errors import QueryAuditError
from queryaudit.records.events import (
    TRACE_SCHEMA,
    Event,
    Header,
    Occurrence,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.findings import Diagnostic
from queryaudit.records.plans import PlanMode
from queryaudit.trace.names import trace_path
from queryaudit.trace.tables import Tables
from queryaudit.trace.writer import TraceWriter

logger = logging.getLogger("queryaudit")


class Listener(Protocol):
    """What follows scopes as they run: an engine, or what only counts."""

    def start(self, event: ScopeStart) -> None: ...
    def record(self, occurrences: Sequence[Occurrence]) -> None: ...
    def end(self, event: ScopeEnd) -> None: ...


class Hub:
    """Gives what the recorder wrote down to whoever listens. Implements the recorder's sink."""

    def __init__(self, header: Header) -> None:
        self.tables = Tables(header)
        self.writer: TraceWriter | None = None
        #: Opens the writer with the first scope.
        self.opening: Callable[[], None] | None = None
        #: Engines by the scope whose subtree they listen to; None listens to all.
        self._engines: dict[int | None, list[Listener]] = {}
        self._members: dict[int, tuple[Listener, ...]] = {}
        self._next: list[Listener] = []

    def listen(self, engine: Listener) -> None:
        """Listen to every scope from now on."""
        self._engines.setdefault(None, []).append(engine)

    @contextmanager
    def listening(self, *engines: Listener) -> Iterator[None]:
        """Listen to the scope that starts in this block, and those below it. Holds the
        recorder's lock, as whoever starts it does."""
        self._next.extend(engines)
        try:
            yield
        finally:
            self._next.clear()  # none has started: the next one is somebody else's

    def join(self, scope: int, engine: Listener) -> None:
        """Listen to a scope that runs already, from now on."""
        engine.start(self.tables.scopes[scope])
        self._members[scope] = (*self._members[scope], engine)

    def leave(self, event: ScopeEnd, engine: Listener) -> None:
        """End a scope for one that joined it; it goes on for the others."""
        members = self._members.get(event.id, ())
        self._members[event.id] = tuple(other for other in members if other is not engine)
        engine.end(event)

    def define(self, event: Event) -> None:
        self.tables.add(event)
        if self.writer is not None:
            self.writer.define(event)

    def start(self, event: ScopeStart) -> None:
        if self.opening is not None:
            opening, self.opening = self.opening, None
            opening()
        self.define(event)
        inherited = (
            self._members.get(event.parent, ())
            if event.parent is not None
            else tuple(self._engines.get(None, ()))
        )
        engines = (*inherited, *self._next)
        self._next.clear()
        self._members[event.id] = engines
        for engine in engines:
            engine.start(event)

    def record(self, occurrences: Sequence[Occurrence]) -> None:
        if self.writer is not None:
            self.writer.record(occurrences)
        engines: dict[int, tuple[Listener, list[Occurrence]]] = {}
        for event in occurrences:
            for engine in self._members.get(event.scope, ()):
                entry = engines.get(id(engine))
                if entry is None:
                    entry = engines[id(engine)] = (engine, [])
                entry[1].append(event)
        for engine, chunk in engines.values():
            engine.record(chunk)

    def end(self, event: ScopeEnd) -> None:
        if self.writer is not None:
            self.writer.define(event)
            self.writer.flush()
        for engine in self._members.pop(event.id, ()):
            engine.end(event)
        self.tables.scopes.pop(event.id, None)


_installation = Installation()


class Session:
    """Capture in this process: hooks installed, a recorder, and a hub.

    Only one session captures at a time; others join it. ``close`` takes the hooks out.
    """

    current: Session | None = None
    _lock = threading.RLock()

    def __init__(self, config: Config, *, run: str | None = None) -> None:
        self.config = config
        self.token = secrets.token_hex(6)
        self.files = CodeFiles(
            project_roots(config.source, str(config.root)),
            str(config.root),
            config.omit,
            config.test_files,
        )
        self.header = _header(run or self.token, f"{os.getpid()}-{self.token}")
        self.hub = Hub(self.header)
        self.recorder = Recorder(self.files, self.hub, strict=config.strict)
        self._users = 0
        self._watcher: Watcher | None = None

    def write_trace(self, target: Path) -> Path:
        """Write everything from now on to ``target``: a file, or a new one in a folder."""
        path = trace_path(target, os.getpid(), self.token)
        self.hub.writer = TraceWriter(path, self.header)
        if self.hub.tables.explaining is not None:
            self.hub.writer.define(self.hub.tables.explaining)
        for model in self.hub.tables.models.values():
            self.hub.writer.define(model)  # they are told once, as the first unit of work begins
        return path

    def keep_trace(self, target: Path) -> None:
        """For an application: a trace of each process that begins a unit of work.

        Servers load an application and fork afterwards, and what was opened before is the
        parent's alone.
        """
        if self.hub.writer is None:
            self.hub.opening = lambda: self._open_kept(target)

    def _open_kept(self, target: Path) -> None:
        self.token = secrets.token_hex(6)
        self.header = self.header._replace(process=f"{os.getpid()}-{self.token}")
        self.hub.tables.header = self.header
        try:
            self.write_trace(target)
        except QueryAuditError as error:
            logger.error("queryaudit writes no trace: %s", error)
            return
        atexit.register(self.finish_trace)

    def finish_trace(self) -> None:
        """Write what waits and mark the trace as complete, as this process ends."""
        atexit.unregister(self.finish_trace)
        self.recorder.flush()
        if self.hub.writer is not None:
            self.hub.writer.close()

    def explain(self, mode: PlanMode | None) -> bool:
        """Explain statements from now on. False if that is not wanted, or done already."""
        if mode is None or self.recorder.sampler is not None:
            return False
        from queryaudit.plans.explainer import Explainer

        self.recorder.sampler = Explainer(self._define, self.recorder.failed, mode)
        return True

    def _define(self, event: Event) -> None:
        with self.recorder.lock:
            self.hub.define(event)

    def open(self) -> Session:
        """Install the hooks, or join the session that has them in already."""
        with Session._lock:
            active = Session.current
            if active is None:
                active = Session.current = self
                _installation.acquire(self.files)
            if self.config.deep:
                _installation.deepen()
                active.recorder.deep = True
            if self.config.watch_locks and active._watcher is None:
                active._watcher = Watcher(active.recorder).start()
            active._users += 1
            return active

    def close(self) -> None:
        with Session._lock:
            self._users -= 1
            if self._users:
                return
            if self._watcher is not None:
                self._watcher.stop()
            _installation.release()
            if Session.current is self:
                Session.current = None
        self.finish_trace()

    def diagnostics(self) -> list[Diagnostic]:
        """What went wrong with the capture itself."""
        found = [
            Diagnostic(
                slug="capture-failed",
                message=f"A query could not be written down: {what}.",
                hint="Please report this; the audited code was not affected.",
                count=count,
            )
            for what, count in sorted(self.recorder.errors.items())
        ]
        if self.recorder.outside:
            found.append(
                Diagnostic(
                    slug="late-queries",
                    message=f"{self.recorder.outside} queries ran on behalf of a unit of work "
                    "that had ended, in threads that outlived it; they were not judged.",
                )
            )
        if self._watcher is not None and self._watcher.error is not None:
            found.append(
                Diagnostic(
                    slug="locks-unwatched",
                    message=f"Waits for locks are not watched any more: {self._watcher.error}.",
                    hint="The application was not affected.",
                )
            )
        writer = self.hub.writer
        if writer is not None and writer.error is not None:
            found.append(
                Diagnostic(
                    slug="trace-incomplete",
                    message=f"The trace could not be written to its end: {writer.error}; "
                    f"{writer.dropped} queries are missing in it.",
                    hint="Free space or choose another folder, and run again.",
                )
            )
        return found


def _header(run: str, process: str) -> Header:
    import django
    from django.conf import settings

    try:
        databases = settings.DATABASES
        time_zone = str(settings.TIME_ZONE or "") if settings.USE_TZ else ""
    except Exception:  # noqa: BLE001 - settings that can't be read are reported where they matter
        databases, time_zone = {}, ""
    aliases = tuple(
        sorted(
            (str(alias), str(options.get("ENGINE", "")).rpartition(".")[2])
            for alias, options in databases.items()
        )
    )
    return Header(
        schema=TRACE_SCHEMA,
        run=run,
        process=process,
        tool=__version__,
        python=platform.python_version(),
        django=django.get_version(),
        databases=aliases,
        time_zone=time_zone,
    )
