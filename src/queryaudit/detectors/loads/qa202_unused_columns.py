"""QA202: columns of many rows are loaded and never read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from queryaudit.advice.row_reads import RowReads
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.python_side import MANY_ROWS
from queryaudit.detectors.loads.usage import Source, UsageFold
from queryaudit.detectors.places import severity_at, visible
from queryaudit.records.events import Usage
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity

#: Columns whose values can be of any length.
_WIDE = frozenset({"TextField", "JSONField", "BinaryField", "HStoreField", "ArrayField"})
#: From how many unread columns on narrow ones count, and as what share of all.
_MANY, _SHARE = 15, 0.75
_BASE = "rows"


class UnusedColumns(Detector):
    """Wide columns, or most of many columns, are loaded for rows of which they are never read.

    What it detects
    ---------------
    Querysets of several rows with a column of any length (text, JSON, binary, arrays) that nothing
    read on any row in the whole run, or with at least fifteen unread columns that are most of the
    table: in deep mode (``deep``, ``--queryaudit-deep``), which sees each read of a column. Without
    it, columns of any length of a hundred rows or more, where the function that goes through them
    reads other columns, and hands no row on, as its source shows.

    Why it matters
    --------------
    The database reads, sends and decodes every column that is asked for. A list page that shows
    titles and loads the articles with them spends most of its time on text that nobody sees.

    Example
    -------
    ::

        for article in Article.objects.all():
            print(article.title)

    Better
    ------
    ::

        for article in Article.objects.defer("body"):
            print(article.title)

    When it is fine
    ---------------
    Rows that are saved, pickled or copied are read as a whole, and one read anywhere in the run is
    enough to keep the rule silent. Values that are taken from ``__dict__`` or ``vars()`` are not
    seen. For small tables it makes no difference.

    Evidence
    --------
    OBSERVED: reads of columns were watched on every row, in deep mode; else the function's source
    shows every use of its rows.

    Options
    -------
    ``deep`` (false): watch reads of columns.
    """

    code = "QA202"
    name = "unused-columns"
    severity = Severity.NOTE
    summary = "Columns of many rows are loaded and never read."
    fold = UsageFold
    yields = True

    def judge(self, fold: UsageFold, view: View) -> Iterable[Sighting]:
        if not view.limits.deep:
            for source, reads in fold.written(view):
                if source.rows >= MANY_ROWS:
                    yield from self._written(source, reads, view)
            return
        for source, usage, _ in fold.watched(view):
            yield from self._watched(source, usage, view)

    def _written(self, source: Source, reads: RowReads, view: View) -> Iterator[Sighting]:
        """Every use of the rows stands in the function."""
        columns = source.model.columns if source.model is not None else ()
        wide = [c for c in columns if c.kind in _WIDE and not c.primary]
        unread = [c.name for c in wide if not {c.attname, c.name} & reads.columns]
        if unread:
            base = self._sighting(source, _BASE, "", source.queries, view)
            yield base
            for name in unread:
                found = self._sighting(source, name, "wide", 0, view)
                yield replace(found, use=reads.better(reads.queryset))

    def _watched(self, source: Source, usage: Usage, view: View) -> Iterator[Sighting]:
        if source.model is None:
            return
        several = usage.rows >= 2
        for column in source.model.columns:
            if usage.loaded is not None and column.attname not in usage.loaded:
                continue
            read = usage.whole or column.primary or column.attname in usage.columns
            if read or several:
                kind = "wide" if column.kind in _WIDE else "narrow"
                yield self._sighting(source, column.name, "read" if read else kind, 0, view)
        if several:
            yield self._sighting(source, _BASE, "", usage.evaluations, view)

    def _sighting(
        self, source: Source, column: str, how: str, queries: int, view: View
    ) -> Sighting:
        frames = (source.frame, source.evaluated, *source.stack.frames)
        return Sighting(
            rule=self.code,
            group=(self.code, *source.place),
            cause=(self.code, *source.place, column, how),
            severity=severity_at(frames[:2], self.severity, view),
            frame=source.frame,
            evaluated=source.evaluated,
            access=source.evaluated or source.frame,
            model=source.origin.model,
            statement=source.statement.normalised,
            queries=queries,
            duration_ns=0,
            rows=0 if how else source.rows,
            note=f"{column} is never read" if how else "the rows",
            ignored=source.ignored,
            frames=visible(frames),
        )

    def confirm(self, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        read = {s.cause[-2] for s in sightings if s.cause[-1] == "read"}
        unread = [s for s in sightings if s.cause[-1] in ("wide", "narrow")]
        unread = [s for s in unread if s.cause[-2] not in read]
        base = [s for s in sightings if not s.cause[-1]]
        many = len(unread) >= _MANY and len(unread) >= _SHARE * (len(unread) + len(read))
        chosen = unread if many else [s for s in unread if s.cause[-1] == "wide"]
        return [*base, *chosen] if chosen and base else ()

    def message(self, sightings: Sequence[Sighting]) -> str:
        rows = (sightings[0].model or "").rpartition(".")[2]
        names = _columns(sightings)
        if len(names) >= _MANY:
            return f"{len(names)} columns of each {rows} row are loaded and never read."
        what = " and ".join(names)
        verb = "is" if len(names) == 1 else "are"
        return f"{what} {verb} loaded with every {rows} row, and never read."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        rows = (sightings[0].model or "").rpartition(".")[2]
        names = ", ".join(f'"{name}"' for name in _columns(sightings))
        written = {s.use.queryset for s in sightings if s.use is not None}
        queryset = written.pop() if len(written) == 1 else f"{rows}.objects"
        return Fix(
            title="leave the columns out",
            applicability=Applicability.UNSAFE,
            code=f"{queryset}.defer({names})",
            note="A column that is read after all costs a query a row.",
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        rows = sum(s.rows for s in sightings)
        if any(s.use is not None for s in sightings):
            text = f"{rows} rows were fetched; the source shows every use of them"
        else:
            text = f"never read on any row in the whole run ({rows} rows, deep mode)"
        return Evidence(grade=Grade.OBSERVED, text=text)

    def saved(self, queries: int, scopes: int) -> int:
        return 0


def _columns(sightings: Sequence[Sighting]) -> list[str]:
    return sorted({s.cause[-2] for s in sightings if s.cause[-1]})
