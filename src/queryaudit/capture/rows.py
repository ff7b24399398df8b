"""Counts the rows that were really fetched, and the time that building objects of them took.

Querysets read their rows in blocks, so they are counted block by block and never one by one.
A cursor that somebody holds is asked what its server said; where that is unknown (SQLite), the
rows are counted as they are handed out.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from threading import get_ident
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from django.db.backends.utils import CursorWrapper
from django.db.models.query import QuerySet, RawQuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE, MULTI

from queryaudit.capture import copies, counting
from queryaudit.capture.clock import now_ns
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.events import Fetch, Hydration, Query
from queryaudit.records.kinds import FetchKind

if TYPE_CHECKING:
    from queryaudit.capture.recorder import Recorder

_getframe = sys._getframe
_SIZE = GET_ITERATOR_CHUNK_SIZE
_RAW, _CURSOR = FetchKind.RAW, FetchKind.CURSOR
#: The attribute of a cursor whose rows are counted as they are handed out.
_COUNTER = "_queryaudit_counter"


class Fetched(threading.local):
    """What was fetched in this thread."""

    #: The last query that fetched two rows or more, how many, and when they all were there.
    last: tuple[Query, int, int] | None = None


def install(patches: Patches) -> None:
    patches.replace(SQLCompiler, "execute_sql", _counting(SQLCompiler.execute_sql))
    patches.replace(CursorWrapper, "__iter__", _iterating(CursorWrapper.__iter__))
    patches.replace(QuerySet, "__getitem__", counting.getting(QuerySet.__getitem__))
    querysets: tuple[Any, ...] = (QuerySet, RawQuerySet)
    for cls in querysets:
        patches.replace(cls, "_fetch_all", _evaluating(cls._fetch_all))
        original = cls._prefetch_related_objects
        patches.replace(cls, "_prefetch_related_objects", _prefetching(original))


def fetched(recorder: Recorder, query: Query, rows: int, kind: FetchKind, complete: bool) -> None:
    """Rows of a query were read; told from two on."""
    if rows < 2:
        return
    try:
        if kind is not _CURSOR:
            ready_ns = query.start_ns + query.duration_ns if kind is _RAW else now_ns()
            recorder.fetched.last = (query, rows, ready_ns)
        recorder.note(Fetch(*_asked(query), query.alias, rows, kind, complete), query.stack)
    except Exception as ours:  # noqa: BLE001 - the first wall
        recorder.failed("fetch", ours)


def _hydrated(queryset: Any, rows: list[Any]) -> Query | None:
    """All ``rows`` of a queryset were made into objects by now: those of this query."""
    scope = CURRENT.get()
    if scope is None or not scope.judged:
        return None
    recorder = scope.recorder
    try:
        # Rows of another number are of a query that ran while objects were made.
        fetched, recorder.fetched.last = recorder.fetched.last, None
        if fetched is not None and fetched[1] == len(rows):
            query, count, ready_ns = fetched
            took_ns = max(0, now_ns() - ready_ns)
            keys = None
            if query.sql in recorder.copying:
                keys = copies.different(queryset, rows)
                if keys is None:
                    recorder.copying.discard(query.sql)
            recorder.note(Hydration(*_asked(query), count, took_ns, keys))
            return query
    except Exception as ours:  # noqa: BLE001 - the first wall
        recorder.failed("hydration", ours)
    return None


def _asked(query: Query) -> tuple[int, int, int, int, int | None, int | None]:
    return query.scope, query.seq, query.sql, query.stack, query.access, query.ignored


def _counting(original: Any) -> Any:
    """The ORM's way of reading a cursor: blocks of rows, all at once or one after the other."""

    current = CURRENT.get

    def execute_sql(
        self: Any, result_type: Any = MULTI, chunked_fetch: Any = False, chunk_size: Any = _SIZE
    ) -> Any:
        scope = current()
        if scope is None or result_type != MULTI:
            return original(self, result_type, chunked_fetch, chunk_size)
        running, thread = scope.recorder.running, get_ident()
        before = running.get(thread)
        blocks = original(self, result_type, chunked_fetch, chunk_size)
        query = running.get(thread)
        if query is None or query is before:
            return blocks  # nothing was asked, as nothing can be found
        if type(blocks) is list:
            rows = 0
            for block in blocks:
                rows += len(block)
            if rows > 1:
                fetched(scope.recorder, query, rows, FetchKind.ORM, True)
        elif isinstance(blocks, GeneratorType):
            return _counted(blocks, scope.recorder, query)
        return blocks

    return execute_sql


def _counted(
    blocks: GeneratorType[Any, None, None], recorder: Recorder, query: Query
) -> Iterator[Any]:
    rows = 0
    complete = False
    try:
        for block in blocks:
            rows += len(block)
            yield block
        complete = True
    finally:
        blocks.close()
        fetched(recorder, query, rows, FetchKind.ORM, complete)


def _evaluating(original: Any) -> Any:
    def _fetch_all(self: Any) -> None:
        known: Any = self._result_cache
        if known is not None and counting.MARK in self.__dict__:
            counting.asked_again(self, _getframe(1).f_code)
        original(self)
        if known is None:
            rows: Any = self._result_cache
            if rows is not None and len(rows) > 1:
                query = _hydrated(self, rows)
                if query is not None and _getframe(1).f_code in counting.ASKING:
                    counting.asked(self, query, len(rows))

    return _fetch_all


def _prefetching(original: Any) -> Any:
    """Prefetches come after the queryset's own rows are built."""

    def _prefetch_related_objects(self: Any) -> None:
        rows: Any = self._result_cache
        if rows is not None and len(rows) > 1:
            _hydrated(self, rows)
        original(self)

    return _prefetch_related_objects


def watch(cursor: Any, recorder: Recorder, query: Query, kind: FetchKind) -> None:
    """Learn how many rows of ``query`` its cursor hands out."""
    inner = cursor.cursor
    earlier = cursor.__dict__.get(_COUNTER)
    if earlier is not None:
        earlier.finish(complete=False)
    if inner.description is None:
        return
    if inner.rowcount >= 0:
        fetched(recorder, query, inner.rowcount, kind, True)
        return
    cursor.__dict__[_COUNTER] = _Counter(cursor, recorder, query, kind)


class _Counter:
    """Stands before the methods of one cursor that hand out rows."""

    def __init__(self, cursor: Any, recorder: Recorder, query: Query, kind: FetchKind) -> None:
        self.rows = 0
        self._recorder = recorder
        self._query = query
        self._kind = kind
        self._done = False
        names = cursor.__dict__
        for name in ("fetchone", "fetchmany", "fetchall", "close"):
            names.pop(name, None)
            names[name] = getattr(self, "_" + name)(getattr(cursor, name))

    def finish(self, *, complete: bool) -> None:
        if not self._done:
            self._done = True
            fetched(self._recorder, self._query, self.rows, self._kind, complete)

    def _fetchone(self, original: Any) -> Any:
        def fetchone() -> Any:
            row = original()
            if row is None:
                self.finish(complete=True)
            else:
                self.rows += 1
            return row

        return fetchone

    def _fetchmany(self, original: Any) -> Any:
        def fetchmany(*arguments: Any, **named: Any) -> Any:
            rows = original(*arguments, **named)
            self.rows += len(rows)
            if not rows:
                self.finish(complete=True)
            return rows

        return fetchmany

    def _fetchall(self, original: Any) -> Any:
        def fetchall() -> Any:
            rows = original()
            self.rows += len(rows)
            self.finish(complete=True)
            return rows

        return fetchall

    def _close(self, original: Any) -> Any:
        def close() -> None:
            self.finish(complete=False)
            original()

        return close


def _iterating(original: Any) -> Any:
    def __iter__(self: Any) -> Iterator[Any]:
        counter = self.__dict__.get(_COUNTER)
        if counter is None:
            yield from original(self)
            return
        for row in original(self):
            counter.rows += 1
            yield row
        counter.finish(complete=True)

    return __iter__
