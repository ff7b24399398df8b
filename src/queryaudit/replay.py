"""Trace -> analysis: reads saved traces through the same engine as live ones."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol, cast, get_args

from queryaudit.judging import Analysis
from queryaudit.records.events import (
    Header,
    Occurrence,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.findings import Diagnostic
from queryaudit.trace.merge import open_traces
from queryaudit.trace.reader import TraceReader
from queryaudit.trace.tables import Tables

_OCCURRENCES = get_args(Occurrence)
#: Occurrences fed to the engine at once.
CHUNK = 512


class Planner(Protocol):
    """Who brings plans to a trace that has none, or better ones."""

    def begin(self, tables: Tables) -> None: ...
    def fill(self, tables: Tables) -> None: ...


def analyse(
    paths: Iterable[str | os.PathLike[str]], analysis: Analysis, planner: Planner | None = None
) -> list[Diagnostic]:
    """Feed traces (files or folders) to ``analysis``; what is wrong with them is returned.

    Raises TraceError for a file that was named and is no trace.
    """
    diagnostics: list[Diagnostic] = []
    paths = list(paths)
    for reader in open_traces(paths) if paths else ():
        _feed(reader, analysis, planner)
        analysis.finish()
        diagnostics.extend(reader.diagnostics)
    return diagnostics


def _feed(reader: TraceReader, analysis: Analysis, planner: Planner | None) -> None:
    tables = Tables(reader.header)
    if planner is not None:
        planner.begin(tables)
    engine = analysis.engine(tables)
    chunk: list[Occurrence] = []
    for event in reader.events():
        occurs = isinstance(event, _OCCURRENCES)
        if occurs:
            chunk.append(cast(Occurrence, event))
            if len(chunk) < CHUNK:
                continue
        if chunk:
            engine.record(chunk)
            chunk = []
        if isinstance(event, ScopeEnd):
            engine.end(event)
        elif not occurs and not isinstance(event, Header):
            tables.add(event)
            if isinstance(event, ScopeStart):
                engine.start(event)
    engine.record(chunk)
    if planner is not None:
        planner.fill(tables)
