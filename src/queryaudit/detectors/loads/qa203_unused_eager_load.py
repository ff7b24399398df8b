"""QA203: a relation is joined or prefetched, and never used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from queryaudit.advice.row_reads import RowReads
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.usage import Source, UsageFold
from queryaudit.detectors.places import severity_at, visible
from queryaudit.records.definitions import Step
from queryaudit.records.events import Usage
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import AccessKind

_JOINED = (AccessKind.FORWARD, AccessKind.REVERSE_ONE)


class UnusedEagerLoad(Detector):
    """A relation is joined or prefetched, and no row's relation is ever used.

    What it detects
    ---------------
    ``select_related`` and ``prefetch_related`` paths that nothing follows: where the function that
    goes through the rows reads columns of them, or follows others of their relations, and hands
    none of them on, as its source shows; and in deep mode (``deep``, ``--queryaudit-deep``), which
    sees each read of a relation, where nothing followed them on any row, in any unit of work of
    the whole run.

    Why it matters
    --------------
    A join makes every row wider, a prefetch is one query more and an object for each of its rows.
    It is easily left behind when a template changes.

    Example
    -------
    ::

        for book in Book.objects.select_related("publisher"):
            print(book.title)

    Better
    ------
    ::

        for book in Book.objects.all():
            print(book.title)

    When it is fine
    ---------------
    Where a branch uses the relation that no test reaches: one use anywhere in the run is enough
    to keep the rule silent, as is pickling the rows or fewer than two rows that were read at all.
    Rows that go to a template, a serializer or another function are judged in deep mode only.

    Evidence
    --------
    OBSERVED: the function's source shows every use of its rows, or, in deep mode, reads of
    relations were watched on every row. What only part of a test suite exercises is then judged by
    that part.

    Options
    -------
    ``deep`` (false): watch reads of relations.
    """

    code = "QA203"
    name = "unused-eager-load"
    summary = "A relation is joined or prefetched, and never used."
    fold = UsageFold

    def judge(self, fold: UsageFold, view: View) -> Iterable[Sighting]:
        if not view.limits.deep:
            for source, reads in fold.written(view):
                yield from self._written(source, reads, view)
            return
        for source, usage, below in fold.watched(view):
            yield from self._watched(source, usage, below, view)

    def _written(self, source: Source, reads: RowReads, view: View) -> Iterator[Sighting]:
        """Every use of the rows stands in the function, and none follows a relation."""
        for names, kind in (
            (reads.joined, AccessKind.FORWARD),
            (reads.prefetched, AccessKind.COLLECTION),
        ):
            for name in names:
                path = tuple(Step(step, kind, True) for step in name.split("__"))
                found = self._sighting(source, path, "", source.queries, view)
                yield replace(found, use=reads.better(reads.bare))

    def _watched(
        self, source: Source, usage: Usage, below: tuple[Usage, ...], view: View
    ) -> Iterator[Sighting]:
        followed = {_names(u.path): {*u.relations} for u in (usage, *below)}
        whole = usage.whole or any(u.whole for u in below)
        for eager in below:
            path = eager.path
            if not path[-1].eager or (len(path) != 1 and not path[-2].eager):
                continue
            names = _names(path)
            used = whole or names[-1] in followed.get(names[:-1], ())
            if not used and usage.rows < 2:
                continue  # neither for nor against
            how, evaluations = ("used", 0) if used else ("", usage.evaluations)
            yield self._sighting(source, path, how, evaluations, view)

    def _sighting(
        self, source: Source, path: tuple[Step, ...], used: str, queries: int, view: View
    ) -> Sighting:
        frames = (source.frame, source.evaluated, *source.stack.frames)
        return Sighting(
            rule=self.code,
            group=(self.code, *source.place),
            cause=(self.code, *source.place, "__".join(_names(path)), used),
            severity=severity_at(frames[:2], self.severity, view),
            frame=source.frame,
            evaluated=source.evaluated,
            access=source.evaluated or source.frame,
            model=source.origin.model,
            path=path,
            statement=source.statement.normalised,
            queries=queries,
            duration_ns=0,
            rows=0 if used else source.rows,
            ignored=source.ignored,
            frames=visible(frames),
        )

    def confirm(self, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        used = {_names(s.path) for s in sightings if s.cause[-1] == "used"}
        unused = {_names(s.path) for s in sightings} - used
        return [
            s
            for s in sightings
            if _names(s.path) in unused
            # What lies behind an unused relation goes with it.
            and not any(_names(s.path)[:n] in unused for n in range(1, len(s.path)))
        ]

    def message(self, sightings: Sequence[Sighting]) -> str:
        rows = (sightings[0].model or "").rpartition(".")[2]
        paths = sorted({".".join(_names(s.path)) for s in sightings})
        what = " and ".join(paths)
        verb = "is" if len(paths) == 1 else "are"
        how = "joined" if all(s.path[-1].kind in _JOINED for s in sightings) else "loaded"
        return f"{what} {verb} {how} with every {rows} row, and never used."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        bare = {s.use.queryset for s in sightings if s.use is not None}
        paths = sorted({"__".join(_names(s.path)) for s in sightings})
        if len(bare) == 1:
            return Fix(
                title="leave the relation out",
                applicability=Applicability.DISPLAY_ONLY,
                code=bare.pop(),
                note="Without what the function does not use of its rows.",
            )
        return Fix(
            title="leave the relation out",
            applicability=Applicability.UNSAFE,
            code="\n".join(f'# take "{path}" out of select_related() or prefetch_related()'
                           for path in paths),
            note="Only what ran was seen: make sure that no other branch or template uses it.",
        )  # fmt: skip

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        rows = sum(s.rows for s in sightings)
        if any(s.use is not None for s in sightings):
            text = f"{rows} rows were fetched; the source shows every use of them"
        else:
            text = f"no row's relation was read in the whole run ({rows} rows, deep mode)"
        return Evidence(grade=Grade.OBSERVED, text=text)

    def saved(self, queries: int, scopes: int) -> int:
        return 0


def _names(path: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(step.name for step in path)
