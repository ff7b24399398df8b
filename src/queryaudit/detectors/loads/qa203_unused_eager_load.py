"""QA203: a relation is joined or prefetched, and never used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.usage import Source, UsageFold
from queryaudit.detectors.places import severity_at, visible
from queryaudit.records.events import AccessKind, Step
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade

_JOINED = (AccessKind.FORWARD, AccessKind.REVERSE_ONE)


class UnusedEagerLoad(Detector):
    """A relation is joined or prefetched, and no row's relation is ever used.

    What it detects
    ---------------
    ``select_related`` and ``prefetch_related`` paths that nothing followed, on any row, in any unit
    of work of the whole run. Needs deep mode (``deep``, ``--queryaudit-deep``), which sees each
    read of a relation.

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

    Evidence
    --------
    OBSERVED: reads of relations were watched on every row. What only part of a test suite
    exercises is judged by that part.

    Options
    -------
    ``deep`` (false): needed.
    """

    code = "QA203"
    name = "unused-eager-load"
    summary = "A relation is joined or prefetched, and never used."
    fold = UsageFold

    def judge(self, fold: UsageFold, view: View) -> Iterable[Sighting]:
        if view.limits.deep:
            for source in fold.sources(view):
                yield from self._sightings(source, view)

    def _sightings(self, source: Source, view: View) -> Iterator[Sighting]:
        followed = {_names(u.path): {*u.relations} for u in (source.usage, *source.below)}
        whole = source.usage.whole or any(u.whole for u in source.below)
        for usage in source.below:
            path = usage.path
            if not path[-1].eager or (len(path) != 1 and not path[-2].eager):
                continue
            names = _names(path)
            used = whole or names[-1] in followed.get(names[:-1], ())
            if not used and source.usage.rows < 2:
                continue  # neither for nor against
            yield self._sighting(source, path, used, view)

    def _sighting(self, source: Source, path: tuple[Step, ...], used: bool, view: View) -> Sighting:
        frames = (source.frame, source.evaluated, *source.stack.frames)
        return Sighting(
            rule=self.code,
            group=(self.code, *source.place),
            cause=(self.code, *source.place, "__".join(_names(path)), "used" if used else ""),
            severity=severity_at(frames[:2], self.severity, view),
            frame=source.frame,
            evaluated=source.evaluated,
            access=source.evaluated or source.frame,
            model=source.origin.model,
            path=path,
            statement=source.statement.normalised,
            queries=0 if used else source.usage.evaluations,
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
        paths = sorted({"__".join(_names(s.path)) for s in sightings})
        return Fix(
            title="leave the relation out",
            applicability=Applicability.UNSAFE,
            code="\n".join(f'# take "{path}" out of select_related() or prefetch_related()'
                           for path in paths),
            note="Only what ran was seen: make sure that no other branch or template uses it.",
        )  # fmt: skip

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        rows = sum(s.rows for s in sightings)
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"no row's relation was read in the whole run ({rows} rows, deep mode)",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0


def _names(path: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(step.name for step in path)
