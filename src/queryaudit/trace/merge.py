"""Many traces as one input, whatever the order in which they were named."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from queryaudit.errors import TraceError
from queryaudit.records.findings import Diagnostic
from queryaudit.trace.names import is_trace_name
from queryaudit.trace.reader import TraceReader


def _in_folder(path: Path) -> list[Path]:
    try:
        found = sorted(child for child in path.iterdir() if is_trace_name(child.name))
    except OSError as error:
        raise TraceError(
            f"The folder {path} can't be read: {error.strerror or error}.",
            "Name a readable folder, or the traces in it.",
        ) from error
    if not found:
        raise TraceError(
            f"There is no trace in the folder {path}.",
            "Traces end in .qatrace or .qatrace.gz; record one first.",
        )
    return found


def _opened(path: Path, left_out: list[TraceError]) -> list[TraceReader]:
    """Readers for a path. In a folder, what can't be read does not stop the rest."""
    if not path.is_dir():
        return [TraceReader(path)]
    readers = []
    for child in _in_folder(path):
        try:
            readers.append(TraceReader(child))
        except TraceError as error:
            left_out.append(error)
    return readers


def _fullest(copies: list[TraceReader]) -> TraceReader:
    """The copy with the most events, as one of them may be torn."""
    if len(copies) == 1:
        return copies[0]
    copies.sort(key=lambda reader: str(reader.path))
    best = max(copies, key=lambda reader: sum(1 for _ in reader.events()))
    for copy in copies:
        if copy is not best:
            best.notes.append(
                Diagnostic(
                    slug="trace-copy",
                    message=f"{copy.path} is a copy of {best.path} and was not counted again.",
                )
            )
    return best


def open_traces(paths: Iterable[str | os.PathLike[str]]) -> list[TraceReader]:
    """Readers for files and folders of traces, each process once, sorted by process.

    What was left out is in the readers' diagnostics: copies of a trace, and files in a folder
    that are no readable trace. A file that was named itself raises TraceError.
    """
    left_out: list[TraceError] = []
    by_process: dict[str, dict[Path, TraceReader]] = {}
    for path in sorted({Path(path) for path in paths}):
        for reader in _opened(path, left_out):
            copies = by_process.setdefault(reader.header.process, {})
            copies.setdefault(reader.path.resolve(), reader)
    readers = [_fullest([*copies.values()]) for _, copies in sorted(by_process.items())]
    if left_out and not readers:
        raise left_out[0]
    for error in left_out:
        readers[0].notes.append(
            Diagnostic(slug="trace-left-out", message=error.message, hint=error.hint)
        )
    return readers
