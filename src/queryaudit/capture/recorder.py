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
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any

from queryaudit.capture import holding, hydration, rows, schema, usage
from queryaudit.capture.callers import Callers
from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.executed import digest, last_value, text_of
from queryaudit.capture.frames import FrameResolver
from queryaudit.capture.ignores import Ignores
from queryaudit.capture.lineage import Lineage
from queryaudit.capture.lineage import lineage as new_lineage
from queryaudit.capture.places import Places
from queryaudit.capture.provenance import Provenances
from queryaudit.capture.recall import KnownText, Site
from queryaudit.capture.scopes import IGNORING, Ancestor, Scope
from queryaudit.capture.sink import Sampler, Sink
from queryaudit.capture.sites import Walk, walk
from queryaudit.capture.statements import MAX_LENGTH, StatementTexts
from queryaudit.records.events import (
    Access,
    Occurrence,
    Origin,
    Phase,
    Query,
    ScopeEnd,
    ScopeKind,
    ScopeStart,
    Stack,
    Step,
)

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
        self.places = Places()
        self._stacks: dict[tuple[object, ...], int] = {}
        self._by_id: dict[int, Walk] = {}
        self._origins: dict[tuple[object, ...], int] = {}
        self._origins_at: dict[int, list[int]] = {}
        self._origin_rows: dict[int, tuple[Origin, tuple[CodeType, int] | None]] = {}
        self.ignores = Ignores(self)
        self._accesses: dict[tuple[object, ...], int] = {}
        self.callers = Callers(self)
        self._resolver = FrameResolver(files)
        self.sampler: Sampler | None = None
        self.provenances = Provenances(files, self.failed)
        #: The last query of each thread, if it was written down.
        self.running: dict[int, Query | None] = {}
        self.fetched = rows.Fetched()
        self._knows_models = False
        self._rich: set[int] = set()
        self._needed: set[int] = set()
        #: Where a relation path of an origin was first followed.
        self._asked: dict[tuple[int, tuple[Step, ...]], int] = {}
        #: Stacks of which more is asked than where they are: worth a look at the source.
        self._repeated: list[int] = []

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
                    for model in schema.models():
                        self._knows_models = True
                        self.sink.define(model)
                self.sink.start(event)
            except Exception as ours:  # noqa: BLE001 - the first wall
                self.failed("start", ours)
        return scope

    def end(self, scope: Scope, name: str | None = None) -> None:
        """End a unit of work: everything of it reaches the sink before its end does."""
        if self.sampler is not None and not scope.ended:
            self.sampler.ending(scope)
        with self.lock:
            if scope.ended:
                return
            scope.ended = True
            self.running.pop(get_ident(), None)
            for uses in scope.uses.values():
                self._needed.add(uses.origin)
                self._buffer.extend(uses.events())
            self.flush()
            duration = perf_counter_ns() - scope.started
            try:
                self.sink.end(ScopeEnd(scope.id, duration, scope.dropped, scope.counted, name))
            except Exception as ours:  # noqa: BLE001 - the first wall
                self.failed("end", ours)

    def flush(self) -> None:
        with self.lock:
            try:
                self._drain()
                self._enrich()
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
        duration = perf_counter_ns() - start
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
        site = statement.sites.recall()
        if site is None:
            site = self._new_site(statement, text, sys._getframe(1), scope)
            if sql.startswith(("UPDATE", "INSERT", "LOCK")) or " FOR " in sql:
                self._repeated.append(site.stack)  # what leads to it may matter
        if site.scope != scope.id:
            site.scope = scope.id
            self._repeated += statement.asked(scope.id, site.stack)
            if statement.id in self._statements.by_key:
                holding.look(self, scope, statement.id, site, params, self._token, connection.alias)
        elif not site.repeated:
            site.repeated = True
            self._repeated.append(site.stack)

        access = evaluation = row = None
        lineage: Lineage | None = None
        cause = site.cause
        if cause is None:
            pass
        elif cause.step is None:
            access = site.access
            if access is None:
                access = site.access = self._access(None, cause, site.stack)
        else:
            instance = cause.instance(_getframe(cause.depth))
            if instance is not None:
                parent = hydration.lineage_of(instance)
                if parent is not None and parent.owner is not self._token:
                    parent = None
                key = instance.__dict__.get(cause.pk)
                row = hash((self._salt, id(instance) if key is None else key))
                if parent is not None:
                    evaluation = parent.serial
                    access = parent.accesses.get(cause) if parent.accesses else None
                    lineage = parent.child(cause.step)
                    if cause.to_attr and parent.uses is not None:
                        parent.uses.relations.add(cause.step.name)
                if access is None:
                    access = self._access(parent, cause, site.stack)
        if site.rows_depth is not None:
            iterable = _getframe(site.rows_depth).f_locals["self"]
            if lineage is None:
                origin = self._origin(iterable, site, statement.id)
                lineage = new_lineage(origin, next(self._serial), self._token)
                if self.deep:
                    lineage.uses = usage.begin(scope, lineage.origin, iterable)
            hydration.adopt(iterable, lineage)

        ignoring = IGNORING.get()
        held = connection._queryaudit_transaction
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
                0 if params is None else digest(self._salt, params, many),
                None if not many else len(params) if hasattr(params, "__len__") else 0,
                error,
                None if ignoring is None else self.ignores.id(ignoring),
                None if held is None else held.id,
            ),
        )  # fmt: skip
        buffer = self._buffer
        buffer.append(query)
        if self.sampler is not None and error is None and not many:
            self._repeated += () if site.repeated else (site.stack,)
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
        if stack and stack not in self._rich:
            self._repeated.append(stack)

    def stack(self, found: Walk) -> int:
        """The stack of a walk that was no query's; worth a look at the source."""
        stack = self._stack(found)
        self._repeated.append(stack)
        return stack

    def _successor(self, scope: Scope) -> Scope | None:
        """The phase of a test that runs now, for a server or loop that an earlier one started."""
        return self.phase if scope.kind is ScopeKind.TEST else None

    def _new_site(self, statement: KnownText, text: str, frame: FrameType, scope: Scope) -> Site:
        found = walk(frame, 1, self.files, self.places, scope.base)
        site = found.site
        site.stack = self._stack(found)
        told = self.provenances.decide(text, site.fetches, found.places, frame, scope)
        if told is not None:
            with self.lock:
                self.sink.define(told._replace(sql=statement.id, stack=site.stack))
        with self.lock:
            statement.sites.add(site)
        return site

    def _stack(self, found: Walk) -> int:
        key = found.key
        with self.lock:
            known = self._stacks.get(key)
            if known is None:
                known = self._stacks[key] = next(self.ids)
                self._by_id[known] = found
                frames = tuple([self._resolver.plain(place) for place in found.places])
                self.sink.define(Stack(known, frames, found.repeats, found.via))
                if found.is_telling:
                    self._repeated.append(known)
        return known

    def _origin(self, rows: Any, site: Site, text: int) -> int:
        """The origin of the rows of ``site``'s query; a site has the same one most of the time."""
        queryset = rows.queryset
        built = getattr(getattr(queryset, "_query", None), "_queryaudit_built", None)
        code, lasti = built or (None, -1)
        source = site.source
        if source is None or source[0] is not code or source[1] != lasti:
            ancestor = None if code is None else (code, lasti)
            origin = self._new_origin(queryset, ancestor, site.stack, text)
            source = site.source = (code, lasti, origin)
        return source[2]

    def _new_origin(self, queryset: Any, ancestor: Ancestor | None, stack: int, text: int) -> int:
        key = (stack, text, ancestor and (id(ancestor[0]), ancestor[1]))
        known = self._origins.get(key)
        if known is None:
            with self.lock:
                frame = self._resolver.built(ancestor, self.places)
                known = self._origins.setdefault(key, next(self.ids))
                origin = Origin(known, queryset.model._meta.label, text, stack, frame)
                self._origin_rows[known] = (origin, ancestor)
                self._origins_at.setdefault(stack, []).append(known)
                self.sink.define(origin)
        return known

    def _access(self, parent: Lineage | None, cause: Any, stack: int) -> int:
        origin = parent.origin if parent is not None else None
        path = parent.path if parent is not None else ()
        if cause.step is not None:
            path = (*path, cause.step)
        key = (origin, cause.owner, path, cause.method, cause.narrowed, cause.prefetched,
               cause.target)  # fmt: skip
        known = self._accesses.get(key)
        if known is None:
            with self.lock:
                known = self._accesses.get(key)
                if known is None:
                    known = self._accesses[key] = next(self.ids)
                    self.sink.define(Access(known, *key))
                    if origin is not None:
                        self._needed.add(origin)
                        # Rows of a collection that was asked here may be what is read next.
                        self._asked.setdefault((origin, path), stack)
                        passed = [self._asked.get((origin, path[:n])) for n in range(1, len(path))]
                        self._repeated += [known for known in passed if known is not None]
        if parent is not None:
            if parent.accesses is None:
                parent.accesses = {}
            parent.accesses[cause] = known
        return known

    def _drain(self) -> None:
        chunk = [self._buffer.popleft() for _ in range(len(self._buffer))]
        if chunk:
            self.sink.record(chunk)

    def _enrich(self) -> None:
        """Define again, with loop and source, the stacks that repeated and the origins in use."""
        stacks = set(self._repeated)
        self._repeated.clear()
        for stack in stacks - self._rich:
            self._needed.update(self._origins_at.get(stack, ()))
        for origin in sorted(self._needed - self._rich):
            row, ancestor = self._origin_rows[origin]
            stacks.add(row.stack)
            self._rich.add(origin)
            built = self._resolver.built(ancestor, self.places, rich=True)
            self.sink.define(row._replace(built=built))
        for stack in sorted(stacks - self._rich):
            self._rich.add(stack)
            found = self._by_id[stack]
            frames = self._resolver.rich_stack(found.places, found.outer)
            self.sink.define(Stack(stack, frames, found.repeats, found.via))
            for function in self._resolver.functions(found.places):
                self.sink.define(function)
