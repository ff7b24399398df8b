"""The fold of the rules on work that Python does with rows and the database could do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.row_use import row_use
from queryaudit.advice.row_uses import RowUse, UseKind
from queryaudit.advice.template_use import template_use
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.places import evaluated_at, function_of, severity_at, visible
from queryaudit.records.counted import Counted
from queryaudit.records.definitions import Frame, Model
from queryaudit.records.events import Fetch, Query
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import FetchKind, FrameKind
from queryaudit.records.rules import Severity

#: From how many rows at once on it is more than a matter of taste.
MANY_ROWS = 100

#: Where it was evaluated, what for, and whether a row was looked at all the same.
_Found = tuple[Frame, RowUse, str]
_USED = "a row is looked at"
#: What can be asked of a union as well.
_OF_ANY_ROWS = (UseKind.COUNT, UseKind.FIRST)


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
        #: Of those evaluated for their number: whether a row was looked at.
        self._counted: dict[_Key, bool] = {}
        #: Found once for the rules of all kinds.
        self._uses: dict[_Key, RowUse | None] = {}

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

    def counted(self, counted: Counted) -> None:
        key = (counted.sql, counted.stack, counted.access, counted.ignored)
        self._counted[key] = counted.used or self._counted.get(key, False)
        self._loads.setdefault(key, _Load())

    def sightings(self, code: str, kinds: Collection[UseKind], view: View) -> Iterator[Sighting]:
        for key, load in self._loads.items():
            if key[2] is None:
                continue
            found = self._in_template(key, load, view) or self._in_python(key, load, view)
            if found is not None and found[1].kind in kinds:
                yield self._sighting(code, key, load, *found, view)

    def _in_python(self, key: _Key, load: _Load, view: View) -> _Found | None:
        sql, stack, access, _ = key
        if not load.rows or load.queries > 1 or access is None:
            return None  # a query in a loop has rules of its own
        known = view.tables.accesses[access]
        model = view.tables.models.get(known.target or known.owner)
        frame = evaluated_at(view.tables.stacks[stack].frames, view)
        statement = view.statements.of(view.tables.sql[sql].text)
        if model is None or frame is None or known.method or statement.has_limit:
            return None
        if statement.lock is not None:
            return None  # rows are loaded to lock them
        if key not in self._uses:
            self._uses[key] = use_at(frame, model, view)
        use = self._uses[key]
        if use is None or (statement.shape.is_combined and use.kind not in _OF_ANY_ROWS):
            return None  # a union can't be filtered
        return frame, use, ""

    def _in_template(self, key: _Key, load: _Load, view: View) -> _Found | None:
        """What a tag evaluates for its number, or to see whether there is anything."""
        sql, stack, _, _ = key
        used = self._counted.get(key)
        frame = next((f for f in view.tables.stacks[stack].frames), None)
        if used is None or frame is None or frame.kind is not FrameKind.TEMPLATE:
            return None
        if load.queries > 1 or view.statements.of(view.tables.sql[sql].text).has_limit:
            return None
        text = function_of(frame, view.tables)
        use = template_use(text.lines, frame.function) if text is not None else None
        return (frame, use, "used" if used else "") if use is not None else None

    def _sighting(
        self, code: str, key: _Key, load: _Load, frame: Frame, use: RowUse, used: str, view: View
    ) -> Sighting:
        sql, stack, access, ignored = key
        known = view.tables.accesses[access] if access is not None else None
        label = (known.target or known.owner) if known is not None else ""
        statement = view.statements.of(view.tables.sql[sql].text)
        severity = Severity.WARNING if load.most >= MANY_ROWS else Severity.NOTE
        place = (frame.path, frame.function, label)
        return Sighting(
            rule=code,
            group=(code, *place, use.text),
            cause=(code, *place, use.text, statement.fingerprint, *((used,) if used else ())),
            severity=severity_at((frame,), severity, view),
            frame=frame,
            access=frame,
            model=label,
            statement=statement.normalised,
            queries=load.queries,
            duration_ns=load.duration_ns,
            rows=load.rows,
            note=_USED if used else use.text,
            use=use,
            ignored=ignored,
            frames=visible(view.tables.stacks[stack].frames),
        )


class RowUseRule(Detector):
    """A rule on some kinds of use that the source of a function makes of rows."""

    fold = RowsFold
    #: What is said of each kind: what the rows are loaded for, and the fix's title and note.
    kinds: ClassVar[Mapping[UseKind, tuple[str, str, str]]]

    def judge(self, fold: RowsFold, view: View) -> Iterable[Sighting]:
        return fold.sightings(self.code, self.kinds, view)

    def confirm(self, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        return () if any(s.note == _USED for s in sightings) else sightings

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        rows = (head.model or "").rpartition(".")[2]
        purpose = self.kinds[head.use.kind][0] if head.use is not None else ""
        return f"{head.rows} {rows} rows are loaded {purpose}: `{head.note}`."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        use = sightings[0].use
        if use is None:
            return None
        _, title, note = self.kinds[use.kind]
        code = f"{use.queryset}{''.join(use.calls)}{use.ending}"
        return Fix(
            title=title,
            applicability=Applicability.DISPLAY_ONLY,
            code="\n".join((*use.imports, code)),
            note=note,
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        rows = sum(s.rows for s in sightings)
        return Evidence(
            grade=Grade.OBSERVED, text=f"{rows} rows were fetched; the source shows their only use"
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0


def use_at(frame: Frame, model: Model, view: View) -> RowUse | None:
    function = function_of(frame, view.tables)
    if function is None:
        return None
    source = FunctionSource(function.first_line, function.lines)
    columns = column_kinds(model)
    name = model.label.rpartition(".")[2]
    return row_use(source, frame.line, frame.end_line, name, columns)


def column_kinds(model: Model) -> dict[str, str]:
    """By all names under which a row has the value, or that of the key that it refers to."""
    kinds: dict[str, str] = {}
    for column in model.columns:
        names = (column.name, column.attname, *(("pk",) if column.primary else ()))
        kinds.update(dict.fromkeys(names, column.kind))
    return kinds
