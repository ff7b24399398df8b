"""Reads a trace as far as it goes, and says what was missing.

A process that was killed leaves a torn tail, a full disk leaves a hole: neither makes the rest
worthless. What can't be read is left out with a diagnostic; rows that refer to a definition
that was lost go with it, so that every id an analysis meets is defined.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from queryaudit.errors import TraceError
from queryaudit.records.events import Event, Header, ScopeEnd, ScopeStart
from queryaudit.records.findings import Diagnostic
from queryaudit.trace.closure import Closure
from queryaudit.trace.codec import SecondTraceError, begins_header, parse_header, parse_line
from queryaudit.trace.lines import TornError, lines
from queryaudit.trace.rows import GarbledError


class TraceReader:
    """One trace file, plain or gzip.

    The header is read at construction: what is no readable trace raises TraceError there.
    ``diagnostics`` are ``notes`` (what is known from outside, as that it had copies) and what
    the last pass over :meth:`events` met; they are complete once that has ended.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.notes: list[Diagnostic] = []
        self._diagnostics: list[Diagnostic] = []
        self.header = self._read_header()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return (*self.notes, *self._diagnostics)

    def events(self) -> Iterator[Event]:
        """The header first, then the events in the order in which they were written."""
        self._diagnostics = []
        closure = Closure()
        yield self.header
        for rows in self._rows():
            if rows is None:
                closure.damaged = True
                continue
            for event in rows:
                if closure.admits(event):
                    yield event
        if closure.lost:
            self._note(
                "trace-lost-rows",
                f"{closure.lost} rows of {self.path} refer to rows that can't be read, "
                "and were left out.",
                count=closure.lost,
            )

    def _read_header(self) -> Header:
        try:
            with self.path.open("rb") as stream:
                line = next(lines(stream), b"")
        except FileNotFoundError:
            raise TraceError(
                f"There is no trace at {self.path}.", "Check the path, or record one first."
            ) from None
        except IsADirectoryError:
            raise TraceError(
                f"{self.path} is a folder, not a trace.", "Name a *.qatrace file in it."
            ) from None
        except OSError as error:
            raise TraceError(
                f"{self.path} can't be read: {error.strerror or error}.",
                "Check its permissions.",
            ) from error
        except TornError:
            raise self._cut_off() from None
        if not line:
            raise TraceError(
                f"{self.path} is empty.",
                "Its process wrote nothing before it ended; record the trace again.",
            )
        if not line.endswith(b"\n") and begins_header(line):
            raise self._cut_off()
        return parse_header(line, str(self.path))

    def _cut_off(self) -> TraceError:
        return TraceError(
            f"{self.path} breaks off in its first line.",
            "Its process was stopped while it began to write; record the trace again.",
        )

    def _rows(self) -> Iterator[Sequence[Event] | None]:
        """The events of each line after the header; None for a line that was left out."""
        complete = whole = False
        running = 0
        try:
            with self.path.open("rb") as stream:
                for number, line in enumerate(lines(stream), start=1):
                    if number == 1:
                        continue
                    try:
                        rows = parse_line(line)
                    except SecondTraceError:
                        self._note_second_trace(number)
                        return
                    except GarbledError as error:
                        whole = line.endswith(b"\n")
                        if whole:
                            self._note_garbled(number, error)
                            yield None
                        continue
                    if rows is None:
                        complete = True
                        continue
                    whole = line.endswith(b"\n")
                    running += sum(type(row) is ScopeStart for row in rows)
                    running -= sum(type(row) is ScopeEnd for row in rows)
                    yield rows
        except TornError:
            complete = whole = False
        except OSError as error:
            self._note(
                "trace-unreadable",
                f"{self.path} can't be read to its end: {error.strerror or error}.",
                "What was read before is used.",
            )
            return
        if not complete:
            self._note_torn(between_units=whole and not running)

    def _note_torn(self, *, between_units: bool) -> None:
        if between_units:
            message = f"{self.path} was not closed: its process still runs, or was stopped."
            hint = "All units of work in it are whole; what came after them is missing."
        else:
            message = f"{self.path} breaks off: the process that wrote it did not close it."
            hint = "What was written before is used; its last queries may be missing."
        self._note("trace-torn", message, hint)

    def _note_garbled(self, number: int, error: GarbledError) -> None:
        self._note(
            "trace-garbled",
            f"Line {number} of {self.path} {error}, and was left out.",
            "Record the trace again if the numbers matter.",
        )

    def _note_second_trace(self, number: int) -> None:
        self._note(
            "trace-joined",
            f"Line {number} of {self.path} begins another trace; the rest was not read.",
            "Don't join traces into one file: pass all of them, or their folder.",
        )

    def _note(self, slug: str, message: str, hint: str = "", count: int = 1) -> None:
        self._diagnostics.append(Diagnostic(slug=slug, message=message, hint=hint, count=count))


def read(path: str | os.PathLike[str]) -> Iterator[Event]:
    """The events of one trace, header first, its diagnostics left aside."""
    return TraceReader(path).events()
