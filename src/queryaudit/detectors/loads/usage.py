"""The fold of the rules that ask what was read of the rows that were loaded.

Deep mode watches it on every row; without, the source of the function says it where every use of
the rows stands there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.row_reads import RowReads, Ways, row_reads
from queryaudit.detectors.base import View
from queryaudit.detectors.places import editable, evaluated_at, function_of
from queryaudit.records.definitions import (
    Access,
    Frame,
    Model,
    Origin,
    Stack,
)
from queryaudit.records.events import Fetch, Query, Usage
from queryaudit.records.kinds import AccessKind, FrameKind
from queryaudit.sql.statement import Statement

#: How Django calls a field that many rows can refer to one row by; a one-to-one leads back.
_FOREIGN_KEY = "ForeignKey"


class UsageFold:
    """Rows by statement and stack, and what was read of them by origin."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], int] = {}
        self._queries: dict[tuple[int, int], int] = {}
        self._ignored: dict[tuple[int, int], int | None] = {}
        self._usages: list[Usage] = []
        self._accesses: set[int | None] = set()

    def add(self, query: Query) -> None:
        key = (query.sql, query.stack)
        self._ignored[key] = query.ignored
        self._accesses.add(query.access)
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
        eager = self._prefetched(view)
        for sql, stack in self._rows:
            for origin in view.tables.origins_at(sql, stack):
                source = self._source(origin, view)
                loaded = eager.get(origin.id, ())
                reads = _reads(source, loaded, view) if source is not None else None
                if source is not None and reads is not None:
                    yield source, reads

    def _prefetched(self, view: View) -> dict[int, list[Access]]:
        """What was loaded together with the rows of each origin."""
        found: dict[int, list[Access]] = {}
        for id in sorted(self._accesses - {None}, key=str):
            access = view.tables.accesses[id] if id is not None else None
            if access is None or access.origin is None or len(access.path) != 1:
                continue
            if access.path[0].eager:
                found.setdefault(access.origin, []).append(access)
        return found

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


def _reads(source: Source, eager: Sequence[Access], view: View) -> RowReads | None:
    frame, model = source.evaluated or source.frame, source.model
    if model is None or frame.kind not in view.own:
        return None
    function = function_of(frame, view.tables)
    if function is None:
        return None
    text = FunctionSource(function.first_line, function.lines)
    kinds = {column.attname: column.kind for column in model.columns}
    kinds["pk"] = ""
    name = model.label.rpartition(".")[2]
    ways = _ways(model, eager, view)
    return row_reads(text, frame.line, frame.end_line, name, kinds, ways)


def _ways(model: Model, eager: Sequence[Access], view: View) -> Ways:
    """The relations whose rows lead to nothing else of the row that they are followed from."""
    ways: dict[str, frozenset[str] | None] = {
        column.name: None for column in model.columns if column.kind == _FOREIGN_KEY
    }
    for access in eager:
        [step] = access.path
        target = view.tables.models.get(access.target or "")
        if step.kind is AccessKind.MANY:
            ways[step.name] = None
        elif step.kind is AccessKind.COLLECTION and target is not None:
            # Not over the key by which they refer to the row.
            ways[step.name] = frozenset(
                name
                for column in target.columns
                for name in (column.attname, *(() if column.target else (column.name,)))
            ) | {"pk"}
    return ways
