"""The fold of the rules on work that Python does with rows and the database could do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.advice.row_use import FunctionSource, RowUse, UseKind, row_use
from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, function_of, severity_at, visible
from queryaudit.records.events import Fetch, FetchKind, Frame, Query
from queryaudit.records.rules import Severity

#: From how many rows at once on it is more than a matter of taste.
MANY_ROWS = 100


@dataclass(slots=True)
class _Load:
    queries: int = 0
    duration_ns: int = 0
    rows: int = 0
    most: int = 0


#: Statement, stack, access and ignore.
_Key = tuple[int, int, int | None, int | None]


class RowsFold:
    """Querysets of which several rows were fetched."""

    def __init__(self) -> None:
        self._loads: dict[_Key, _Load] = {}

    def add(self, query: Query) -> None:
        load = self._loads.setdefault(
            (query.sql, query.stack, query.access, query.ignored), _Load()
        )
        load.queries += 1
        load.duration_ns += query.duration_ns

    def fetch(self, fetch: Fetch) -> None:
        load = self._loads.get((fetch.sql, fetch.stack, fetch.access, fetch.ignored))
        if load is not None and fetch.kind is FetchKind.ORM:
            load.rows += fetch.rows
            load.most = max(load.most, fetch.rows)

    def sightings(self, code: str, kind: UseKind, view: View) -> Iterator[Sighting]:
        for (sql, stack, access, ignored), load in self._loads.items():
            if access is None or not load.rows:
                continue
            known = view.tables.accesses[access]
            model = view.tables.models.get(known.target or known.owner)
            frames = view.tables.stacks[stack].frames
            frame = evaluated_at(frames, view)
            statement = view.statements.of(view.tables.sql[sql].text)
            if model is None or frame is None or known.method or statement.has_limit:
                continue
            use = _use(frame, {column.name: column.kind for column in model.columns}, view)
            if use is None or use.kind is not kind:
                continue
            severity = Severity.WARNING if load.most >= MANY_ROWS else Severity.NOTE
            place = (frame.path, frame.function, model.label)
            yield Sighting(
                rule=code,
                group=(code, *place, use.text),
                cause=(code, *place, use.text, statement.fingerprint),
                severity=severity_at((frame,), severity, view),
                frame=frame,
                access=frame,
                model=model.label,
                statement=statement.normalised,
                queries=load.queries,
                duration_ns=load.duration_ns,
                rows=load.rows,
                note=use.text,
                use=use,
                ignored=ignored,
                frames=visible(frames),
            )


def _use(frame: Frame, columns: dict[str, str], view: View) -> RowUse | None:
    function = function_of(frame, view.tables)
    if function is None:
        return None
    source = FunctionSource(function.first_line, function.lines)
    return row_use(source, frame.line, frame.end_line, columns)
