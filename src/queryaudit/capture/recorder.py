"""Turns executed statements into events: interns what repeats, writes down the rest.

One recorder serves a process. It knows nothing of detectors or files: it hands definitions and
chunks of queries to a sink.
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections import Counter, deque
from itertools import count
from threading import get_ident
from types import CodeType, FrameType
from typing import Any

from queryaudit.capture import holding, hydration, rows, schema, usage
from queryaudit.capture.callers import Callers
from queryaudit.capture.clock import now_ns
from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.definitions import Definitions
from queryaudit.capture.executed import digest, last_value, text_of
from queryaudit.capture.ignores import Ignores
from queryaudit.capture.lineage import Lineage
from queryaudit.capture.lineage import lineage as new_lineage
from queryaudit.capture.places import Places
from queryaudit.capture.provenance import Provenances
from queryaudit.capture.recall import KnownText, Site
from queryaudit.capture.scopes import IGNORING, Scope
from queryaudit.capture.seen import Walk
from queryaudit.capture.sink import Sampler, Sink
from queryaudit.capture.sites import walk
from queryaudit.capture.statements import MAX_LENGTH, StatementTexts
from queryaudit.records.events import (
    Occurrence,
    Query,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.kinds import Phase, ScopeKind

#: Queries handed over at once, and kinds of errors of our own that are told apart.
CHUNK, MAX_ERRORS = 512, 20

#: Makes a named tuple without the function that names its fields.
_new_tuple = tuple.__new__
_getframe = sys._getframe


class Recorder:
    """See the module. ``errors`` counts our own failures by kind; none reaches the host."""

    def __init__(self, files: CodeFiles, sink: Sink, *, strict: bool = False) -> None:
        self.files = files
        self.sink = sink
        self.strict = strict
        #: Follow what is read of the rows.
        self.deep = False
        self.errors: Counter[str] = Counter()
        self.outside = 0
        #: The test phase that runs now.
        self.phase: Scope | None = None
        self._salt = secrets.randbits(62)
        self._token = object()
        self.ids = count(1)
        self._seq = count(1)
        self._serial = count(1)
        self.lock = threading.RLock()
        self._buffer: deque[Occurrence] = deque()
        self._statements = StatementTexts(self.ids, sink.define)
        self.copying = self._statements.copying
        self.places = Places()
        self.defined = Definitions(files, self.places, self.ids, sink.define, self.lock)
        self.ignores = Ignores(self)
        self.callers = Callers(self)
        self.sampler: Sampler | None = None
        self.provenances = Provenances(files, self.failed)
        #: The last query of each thread, if it was written down.
        self.running: dict[int, Query | None] = {}
        self.fetched = rows.Fetched()
        self._knows_models = False

    # Scopes

    def start(
        self,
        kind: ScopeKind,
        name: str,
        *,
        phase: Phase = Phase.CALL,
        parent: Scope | None = None,
        base: tuple[CodeType, int] | None = None,
    ) -> Scope:
        """Begin a unit of work; the caller makes it current.

        ``base``: the code and line of the block that is the unit; what calls it is not part of it.
        """
        with self.lock:
            if parent is not None and parent.ended:
                parent = self._successor(parent)
            if base is None and parent is not None:
                base = parent.base
            scope = Scope(self, next(self.ids), parent, kind, name, phase, base)
            event = ScopeStart(scope.id, parent.id if parent else None, kind, name, phase)
            try:
                self._drain()
                if not self._knows_models:
                    self._tell_models()
                self.sink.start(event)
            except Exception as ours:  # noqa: BLE001 - the first wall
                self.failed("start", ours)
        return scope

    def _tell_models(self) -> None:
        for model in schema.models():
            self._knows_models = True
            try:
                path = schema.path_of(model, self.files.own)
                self.sink.define(schema.model_row(model)._replace(path=path))
            except Exception as ours:  # noqa: BLE001 - the others are known all the same
                self.failed("models", ours)

    def end(self, scope: Scope, name: str | None = None) -> None:
        """End a unit of work: everything of it reaches the sink before its end does."""
        if self.sampler is not None and not scope.ended:
            self.sampler.ending(scope)
        with self.lock:
            if scope.ended:
                return
            scope.ended = True
            self.running.pop(get_ident(), None)
            try:
                for uses in list(scope.uses.values()):
                    self.defined.needed.add(uses.origin)
                    self._buffer.extend(uses.events())
            except Exception as ours:  # noqa: BLE001 - another thread may still read rows
                self.failed("usage", ours)
            self.flush()
            duration = now_ns() - scope.started
            try:
                self.sink.end(ScopeEnd(scope.id, duration, scope.dropped, scope.counted, name))
            except Exception as ours:  # noqa: BLE001 - the first wall
                self.failed("end", ours)

    def flush(self) -> None:
        with self.lock:
            try:
                self._drain()
                self.defined.enrich()
            except Exception as ours:  # noqa: BLE001 - the first wall
                self.failed("flush", ours)

    def failed(self, where: str, error: Exception) -> None:
        """Count a failure of our own. It goes no further, except in strict mode."""
        what = f"{where}: {type(error).__name__}: {error}"
        if len(self.errors) >= MAX_ERRORS and what not in self.errors:
            what = f"{where}: further errors"
        self.errors[what] += 1
        if self.strict:
            raise error

    # Queries

    def query(
        self,
        scope: Scope,
        cursor: Any,
        sql: Any,
        params: Any,
        many: bool,
        start: int,
        error: str | None,
    ) -> None:
        """Write down one executed statement. Called with the statement's frames still alive."""
        duration = now_ns() - start
        if not scope.judged or scope.ended:
            self.running[get_ident()] = None
            if not scope.ended:
                scope.counted += 1
                return
            found = self._successor(scope)
            if found is None:
                self.outside += 1
                return
            scope = found
            if not scope.judged:
                scope.counted += 1
                return
        connection = cursor.db
        text = sql
        if type(sql) is not str:
            text = sql = text_of(sql, connection)
        if len(sql) > MAX_LENGTH:
            sql = sql[:MAX_LENGTH]
        statement = self._statements.get(sql)
        if statement is None:
            with self.lock:
                statement = self._statements.take(sql)
            if statement is None:
                self.running[get_ident()] = None
                scope.dropped += 1
                return
        defined = self.defined
        site = statement.sites.recall()
        looked_ns = 0
        if site is None:
            began_ns = now_ns()
            site = self._new_site(statement, text, sys._getframe(1), scope)
            if sql.startswith(("UPDATE", "INSERT", "LOCK")) or " FOR " in sql:
                defined.repeated.append(site.stack)  # what leads to it may matter
            looked_ns = now_ns() - began_ns
        if site.scope != scope.id:
            site.scope = scope.id
            defined.repeated += statement.asked(scope.id, site.stack)
            if statement.writes and not many:
                defined.nulls(statement.id, site.stack, params)
            if statement.id in self._statements.by_key:
                holding.look(self, scope, statement.id, site, params, self._token, connection.alias)
        elif not site.repeated:
            site.repeated = True
            defined.repeated.append(site.stack)

        access = evaluation = row = None
        lineage: Lineage | None = None
        cause = site.cause
        if cause is None:
            pass
        elif (step := cause.step) is None:
            access = site.access
            if access is None:
                access = site.access = defined.access(None, cause, site.stack)
        else:
            instance = cause.instance(_getframe(cause.depth))
            if instance is not None:
                if cause.cached is not None:
                    cause = cause.of(instance)
                parent = hydration.lineage_of(instance)
                if parent is not None and parent.owner is not self._token:
                    parent = None
                key = instance.__dict__.get(cause.pk)
                row = hash((self._salt, id(instance) if key is None else key))
                if parent is not None:
                    evaluation = parent.serial
                    access = parent.accesses.get(cause) if parent.accesses else None
                    lineage = parent.child(step)
                    if cause.to_attr and parent.uses is not None:
                        parent.uses.relations.add(step.name)
                if access is None:
                    access = defined.access(parent, cause, site.stack)
        if site.rows_depth is not None:
            iterable = _getframe(site.rows_depth).f_locals["self"]
            if lineage is None:
                origin = defined.origin(iterable, site, statement.id)
                lineage = new_lineage(origin, next(self._serial), self._token)
                if self.deep:
                    lineage.uses = usage.begin(scope, lineage.origin, iterable)
            hydration.adopt(iterable, lineage)

        ignoring = IGNORING.get()
        held = connection._queryaudit_transaction
        if held is not None:
            held.ours_ns += looked_ns
            if held.awaited:
                held.asked(scope)
        if statement.updates and row is None:
            row = last_value(self._salt, params)
        query = self.running[get_ident()] = _new_tuple(
            Query, (
                scope.id,
                next(self._seq),
                start,
                duration,
                connection.alias,
                statement.id,
                site.stack,
                access,
                evaluation,
                row,
                0 if params is None else digest(
                    self._salt, params[1:] if statement.probes else params, many
                ),
                None if not many else len(params) if hasattr(params, "__len__") else 0,
                error,
                None if ignoring is None else self.ignores.id(ignoring),
                None if held is None else held.id,
            ),
        )  # fmt: skip
        buffer = self._buffer
        buffer.append(query)
        if self.sampler is not None and error is None and not many:
            defined.repeated += () if site.repeated else (site.stack,)
            site.repeated = True
            self.sampler.keep(scope.id, statement.id, sql, params, duration, connection)
        if site.fetches is not None and error is None:
            rows.watch(cursor, self, query, site.fetches)
        if len(buffer) >= CHUNK:
            with self.lock:
                self._drain()

    def note(self, occurrence: Occurrence, stack: int = 0) -> None:
        """Write down what happened besides a query, in its place; and what stands at ``stack``."""
        self._buffer.append(occurrence)
        if stack and not self.defined.is_rich(stack):
            self.defined.repeated.append(stack)

    def stack(self, found: Walk) -> int:
        """The stack of a walk that was no query's; worth a look at the source."""
        stack = self.defined.stack(found)
        self.defined.repeated.append(stack)
        return stack

    def _successor(self, scope: Scope) -> Scope | None:
        """The phase of a test that runs now, for a server or loop that an earlier one started."""
        return self.phase if scope.kind is ScopeKind.TEST else None

    def _new_site(self, statement: KnownText, text: str, frame: FrameType, scope: Scope) -> Site:
        found = walk(frame, 1, self.files, self.places, scope.base)
        site = found.site
        site.cause = self.defined.cause(site.cause)
        site.stack = self.defined.stack(found)
        told = self.provenances.decide(text, site.fetches, found.places, frame, scope)
        if told is not None:
            with self.lock:
                self.sink.define(told._replace(sql=statement.id, stack=site.stack))
        with self.lock:
            statement.sites.add(site)
        return site

    def _drain(self) -> None:
        chunk = [self._buffer.popleft() for _ in range(len(self._buffer))]
        if chunk:
            self.sink.record(chunk)
