"""Writes a trace: append-only, one file for each process, harmless to its host.

Definitions wait in memory until the next queries, and each write is whole lines. Nothing is
left in a buffer of the operating system's making, so a fork can't write a parent's rows twice
and a killed process leaves all that was flushed.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from threading import RLock
from typing import Protocol, cast

from queryaudit.errors import OutputError
from queryaudit.records.events import (
    Event,
    Header,
    Occurrence,
    Query,
)
from queryaudit.trace.codec import END_LINE, event_line, header_line, query_line

#: Queries in a line: what a torn tail can cost at most.
CHUNK = 500
#: Definitions that may wait for queries before they are written by themselves.
PENDING = 500


class ByteStream(Protocol):
    """What the writer needs of a stream; ``write`` takes all the bytes it is given."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


class _File:
    """An unbuffered file whose ``write`` does not stop half way, and does nothing in a fork.

    A fork shares the file's position, and closes what it inherited when it exits.
    """

    def __init__(self, path: Path) -> None:
        self._raw = path.open("wb", buffering=0)
        self._pid = os.getpid()

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest and os.getpid() == self._pid:
            rest = rest[self._raw.write(rest) or 0 :]
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self._raw.close()


class TraceWriter:
    """Appends events to a path (gzip if it ends in ``.gz``) or to a binary stream.

    A path that can't be opened raises OutputError at construction. Later errors never raise:
    writing stops, ``error`` says why and ``dropped`` counts the queries that were not written.
    A stream stays open after :meth:`close`; a file does not.
    """

    def __init__(self, target: str | os.PathLike[str] | ByteStream, header: Header) -> None:
        self.dropped = 0
        self.error: str | None = None
        self._pid = os.getpid()
        self._lock = RLock()
        self._pending: list[bytes] = []
        self._closed = False
        self._file: _File | None = None
        self._stream: ByteStream | gzip.GzipFile
        if isinstance(target, str | os.PathLike):
            self._open(Path(target))
        else:
            self._stream = target
        if not self._write([header_line(header)]):
            self._release()
            raise _unwritable(target, self.error or "unknown error")

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _File(path)
        except (OSError, ValueError) as error:
            raise _unwritable(path, _reason(error)) from error
        self._stream = self._file
        if path.suffix == ".gz":
            self._stream = gzip.GzipFile(
                filename="", mode="wb", fileobj=self._file, compresslevel=5, mtime=0
            )

    def define(self, event: Event) -> None:
        """Any event but a header, to be written before the queries that follow it."""
        if not self._is_owner():
            return
        line = event_line(event)
        with self._lock:
            self._pending.append(line)
            if len(self._pending) >= PENDING:
                self._write([])

    def record(self, occurrences: Sequence[Occurrence]) -> None:
        queries = sum(type(event) is Query for event in occurrences)
        if not self._is_owner():
            self.dropped += queries
            return
        lines = [*_lines(occurrences)]
        with self._lock:
            if not self._write(lines):
                self.dropped += queries

    def flush(self) -> None:
        """Hands all that waits to the operating system."""
        if not self._is_owner():
            return
        with self._lock:
            if self._write([]):
                self._guarded(self._stream.flush)

    def close(self) -> None:
        """Marks the trace as complete. May be called more than once."""
        if not self._is_owner():
            return
        with self._lock:
            if self._closed:
                return
            self._write([END_LINE])
            self._closed = True
            self._guarded(self._finish)

    def _finish(self) -> None:
        try:
            if isinstance(self._stream, gzip.GzipFile):
                self._stream.close()
            else:
                self._stream.flush()
        finally:
            if self._file is not None:
                self._file.close()

    def _is_owner(self) -> bool:
        """Whether this is the process that opened the file, not a fork of it.

        Asked before the lock is: a fork may have copied it while another thread held it.
        """
        return os.getpid() == self._pid

    def _write(self, lines: list[bytes]) -> bool:
        if self._closed or self.error is not None:
            self._pending.clear()
            return False
        data = b"".join([*self._pending, *lines])
        self._pending.clear()
        return self._guarded(lambda: self._stream.write(data)) if data else True

    def _guarded(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except (OSError, ValueError) as error:
            self.error = _reason(error)
            self._release()
            return False
        return True

    def _release(self) -> None:
        """Lets go of a file that can't be written any more."""
        if self._file is not None:
            self._file.close()


def _lines(occurrences: Sequence[Occurrence]) -> Iterator[bytes]:
    """In order: queries that follow each other share a line."""
    for kind, run in groupby(occurrences, type):
        events = [*run]
        if kind is not Query:
            yield from map(event_line, events)
            continue
        for at in range(0, len(events), CHUNK):
            yield query_line(cast("list[Query]", events[at : at + CHUNK]))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _unwritable(target: object, reason: str) -> OutputError:
    where = repr(os.fspath(target)) if isinstance(target, str | os.PathLike) else "stream"
    return OutputError(
        f"The trace {where} can't be written: {reason}.",
        "Choose another path for the trace option.",
    )
