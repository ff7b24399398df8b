"""Counts the rows that were really fetched, and the time that building objects of them took.

Querysets read their rows in blocks, so they are counted block by block and never one by one.
A cursor that somebody holds is asked what its server said; where that is unknown (SQLite), the
rows are counted as they are handed out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from django.db.backends.utils import CursorWrapper
from django.db.models.query import QuerySet, RawQuerySet
from django.db.models.sql import compiler

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.events import Fetch, FetchKind, Hydration, Query

if TYPE_CHECKING:
    from queryaudit.capture.recorder import Recorder

#: The attribute of a cursor whose rows are counted as they are handed out.
_COUNTER = "_queryaudit_counter"


class Evaluation:
    """A queryset that is being evaluated: its query, and when its rows and objects were there."""

    __slots__ = ("built_ns", "query", "ready_ns")

    def __init__(self) -> None:
        self.query: Query | None = None
        self.ready_ns = 0
        self.built_ns = 0


class Running(threading.local):
    """What runs in this thread: the last query, and the innermost evaluation."""

    query: Query | None = None
    evaluation: Evaluation | None = None


def install(patches: Patches) -> None:
    patches.replace(compiler, "cursor_iter", _counting(compiler.cursor_iter))
    patches.replace(CursorWrapper, "__iter__", _iterating(CursorWrapper.__iter__))
    querysets: tuple[Any, ...] = (QuerySet, RawQuerySet)
    for cls in querysets:
        patches.replace(cls, "_fetch_all", _evaluating(cls._fetch_all))
        original = cls._prefetch_related_objects
        patches.replace(cls, "_prefetch_related_objects", _prefetching(original))


def fetched(recorder: Recorder, query: Query, rows: int, kind: FetchKind, complete: bool) -> None:
    """Rows of a query were read; told from two on."""
    try:
        evaluation = recorder.running.evaluation
        if evaluation is not None and evaluation.query is query and kind is FetchKind.ORM:
            evaluation.ready_ns = perf_counter_ns()
        if rows > 1:
            fetch = Fetch(*_asked(query), query.alias, rows, kind, complete)
            recorder.note(fetch, query.stack)
    except Exception as ours:  # noqa: BLE001 - the first wall
        recorder.failed("fetch", ours)


def _hydrated(recorder: Recorder, evaluation: Evaluation, rows: int) -> None:
    query = evaluation.query
    if query is None or rows < 2:
        return
    try:
        built_ns = evaluation.built_ns or perf_counter_ns()
        recorder.note(Hydration(*_asked(query), rows, max(0, built_ns - evaluation.ready_ns)))
    except Exception as ours:  # noqa: BLE001 - the first wall
        recorder.failed("hydration", ours)


def _asked(query: Query) -> tuple[int, int, int, int, int | None, int | None]:
    return query.scope, query.seq, query.sql, query.stack, query.access, query.ignored


def _counting(original: Any) -> Any:
    """The ORM's way of reading a cursor: blocks of rows."""

    def cursor_iter(cursor: Any, *arguments: Any) -> Any:
        blocks = original(cursor, *arguments)
        scope = CURRENT.get()
        if scope is None or not scope.judged:
            return blocks
        query = scope.recorder.running.query
        return blocks if query is None else _counted(blocks, scope.recorder, query)

    return cursor_iter


def _counted(blocks: Any, recorder: Recorder, query: Query) -> Iterator[Any]:
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
        scope = CURRENT.get()
        if scope is None or self._result_cache is not None or not scope.judged:
            original(self)
            return
        recorder = scope.recorder
        running = recorder.running
        outer = running.evaluation
        evaluation = running.evaluation = Evaluation()
        try:
            original(self)
        finally:
            running.evaluation = outer
        rows: Any = self._result_cache
        _hydrated(recorder, evaluation, len(rows))

    return _fetch_all


def _prefetching(original: Any) -> Any:
    """Prefetches come after the queryset's own rows are built."""

    def _prefetch_related_objects(self: Any) -> None:
        scope = CURRENT.get()
        evaluation = scope.recorder.running.evaluation if scope is not None else None
        if evaluation is not None:
            evaluation.built_ns = perf_counter_ns()
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
