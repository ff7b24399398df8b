"""The fold of the rules that ask what was read of the rows that were loaded.

Deep mode watches it on every row; without, the source of the function says it where every use of
the rows stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.row_reads import RowReads, row_reads
from queryaudit.detectors.base import View
from queryaudit.detectors.places import editable, evaluated_at, function_of
from queryaudit.records.definitions import (
    Frame,
    Model,
    Origin,
    Stack,
)
from queryaudit.records.events import Fetch, Query, Usage
from queryaudit.records.kinds import FrameKind
from queryaudit.sql.statement import Statement


class UsageFold:
    """Rows by statement and stack, and what was read of them by origin."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], int] = {}
        self._queries: dict[tuple[int, int], int] = {}
        self._ignored: dict[tuple[int, int], int | None] = {}
        self._usages: list[Usage] = []

    def add(self, query: Query) -> None:
        key = (query.sql, query.stack)
        self._ignored[key] = query.ignored
        self._queries[key] = self._queries.get(key, 0) + 1

    def fetch(self, fetch: Fetch) -> None:
        key = (fetch.sql, fetch.stack)
        self._rows[key] = self._rows.get(key, 0) + fetch.rows

    def usage(self, usage: Usage) -> None:
        self._usages.append(usage)

    def watched(self, view: View) -> Iterator[tuple[Source, Usage, tuple[Usage, ...]]]:
        """The querysets under audit whose rows were read, or not, in this scope; what was read of
        them, and of the rows at the end of each path from them."""
        below: dict[int, list[Usage]] = {}
        for usage in self._usages:
            if usage.path:
                below.setdefault(usage.origin, []).append(usage)
        for usage in self._usages:
            if usage.path:
                continue
            source = self._source(view.tables.origins[usage.origin], view)
            if source is not None:
                yield source, usage, tuple(below.get(usage.origin, ()))

    def written(self, view: View) -> Iterator[tuple[Source, RowReads]]:
        """The querysets whose function shows all that is read of their rows."""
        for sql, stack in self._rows:
            for origin in view.tables.origins_at(sql, stack):
                source = self._source(origin, view)
                reads = _reads(source, view) if source is not None else None
                if source is not None and reads is not None:
                    yield source, reads

    def _source(self, origin: Origin, view: View) -> Source | None:
        stack = view.tables.stacks[origin.stack]
        evaluated = evaluated_at(stack.frames, view)
        frame = editable((origin.built, evaluated), view)
        if frame is None or frame.kind is FrameKind.TEMPLATE:
            return None
        key = (origin.sql, origin.stack)
        return Source(
            origin=origin,
            statement=view.statements.of(view.tables.sql[origin.sql].text),
            stack=stack,
            frame=frame,
            evaluated=evaluated if evaluated != frame else None,
            rows=self._rows.get(key, 0),
            queries=self._queries.get(key, 0),
            model=view.tables.models.get(origin.model),
            ignored=self._ignored.get(key),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A queryset that was evaluated in one scope."""

    origin: Origin
    statement: Statement
    stack: Stack
    frame: Frame  #: where to edit
    evaluated: Frame | None
    rows: int  #: fetched from two on, over all evaluations
    queries: int
    model: Model | None
    ignored: int | None

    @property
    def place(self) -> tuple[str, ...]:
        """The queryset in words that outlive moved lines."""
        frame = self.frame
        return (frame.path, frame.function, self.origin.model, self.statement.fingerprint)


def _reads(source: Source, view: View) -> RowReads | None:
    frame, model = source.evaluated or source.frame, source.model
    if model is None or frame.kind not in view.own:
        return None
    function = function_of(frame, view.tables)
    if function is None:
        return None
    text = FunctionSource(function.first_line, function.lines)
    kinds = {column.attname: column.kind for column in model.columns}
    kinds["pk"] = ""
    return row_reads(text, frame.line, frame.end_line, model.label.rpartition(".")[2], kinds)
