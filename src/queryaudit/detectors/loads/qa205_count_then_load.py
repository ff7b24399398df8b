"""QA205: the database counts rows that are loaded as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from queryaudit.advice.source import expression_at
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.duplicates.places import is_on_purpose, is_one_piece, is_waiting, site
from queryaudit.detectors.loads.counted import CountedFold, Pair
from queryaudit.detectors.places import is_handed, severity_at, visible
from queryaudit.records.events import Frame, FrameKind
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity

#: ``if rows.count() > 1000``: too many are not loaded at all.
_GUARD = re.compile(r"count\(\)\s*(>=?|<=?)\s*(?![01]\b)[\w.]+")
_MARKUP = (FrameKind.TEMPLATE, FrameKind.SERIALIZER)


class CountThenLoad(Detector):
    """``count()`` asks for the number of rows that are loaded as well.

    What it detects
    ---------------
    A COUNT and a SELECT of all rows with the same FROM and WHERE and the same values, in one unit
    of work, with no write in between and in either order.

    Why it matters
    --------------
    The database goes over the same rows twice. The rows are in memory: their number is there for
    nothing, and can't differ from what is shown.

    Example
    -------
    ::

        reviews = Review.objects.filter(book=book)
        page = {"number": reviews.count(), "reviews": list(reviews)}

    Better
    ------
    ::

        reviews = list(Review.objects.filter(book=book))
        page = {"number": len(reviews), "reviews": reviews}

    In a template, ``{{ reviews|length }}`` loads the rows, and the loop after it uses them.

    When it is fine
    ---------------
    Pages, of which only some rows are loaded, ``iterator()``, which holds none, a guard such as
    ``if rows.count() > 1000``, other conditions or values, a write in between, and a relation
    that is counted and loaded for each of several rows, which is the finding of QA102 and QA104:
    all are silent. Where the two stand in different functions the finding is a note.

    Evidence
    --------
    OBSERVED: equal FROM and WHERE, equal digests of the values, every statement in between seen,
    and the rows counted as they were fetched.

    Options
    -------
    None.
    """

    code = "QA205"
    name = "count-then-load"
    severity = Severity.WARNING
    summary = "Rows are counted by the database and loaded as well."
    fold = CountedFold

    def judge(self, fold: CountedFold, view: View) -> Iterable[Sighting]:
        for pair in fold.pairs(view):
            count, load = site(pair.count), site(pair.load)
            if count is None or load is None or not {count.kind, load.kind} <= view.own:
                continue
            if _is_meant(pair, count, view):
                yield self._sight(pair, count, load, view)

    def _sight(self, pair: Pair, count: Frame, load: Frame, view: View) -> Sighting:
        severity = self.severity if _is_near(count, load) else Severity.NOTE
        label = pair.access.target if pair.access is not None else None
        place = (count.path, count.function, pair.statement.fingerprint)
        return Sighting(
            rule=self.code,
            group=(self.code, *place),
            cause=(self.code, *place, load.path, load.function),
            severity=severity_at((count, load), severity, view),
            frame=count,
            evaluated=load,
            access=count,
            model=label,
            target=label,
            statement=pair.statement.normalised,
            queries=1,
            duration_ns=pair.duration_ns,
            rows=pair.rows,
            note="count() of what is loaded",
            ignored=pair.ignored,
            frames=visible((count, load, *pair.count.frames)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        name = (head.model or "").rpartition(".")[2] or "The table"
        load = head.evaluated or head.frame
        where = f"{load.path.rpartition('/')[2]}:{load.line}" if load != head.frame else "the line"
        return f"The database counts rows of {name} that are loaded as well, at {where}."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text="COUNT and SELECT have the same FROM, WHERE and values, and nothing was written "
            "in between",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return queries

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        if head.frame.kind is FrameKind.TEMPLATE:
            return Fix(
                title="ask the rows for their number",
                applicability=Applicability.DISPLAY_ONLY,
                code="{{ rows|length }}",
                note="It loads the rows once; the loop over the same variable uses them.",
            )
        asked = expression_at(head.frame)
        instead = f"  # instead of {asked}" if asked and asked.endswith(".count()") else ""
        return Fix(
            title="ask the rows for their number",
            applicability=Applicability.DISPLAY_ONLY,
            code=f"len(rows){instead}",
            note="`rows` is the list, or the one queryset, that is loaded: a queryset that was "
            "evaluated keeps its rows, and so does not ask again.",
        )


def _is_near(count: Frame, load: Frame) -> bool:
    if count.path != load.path:
        return False
    return count.function == load.function or {count.kind, load.kind} <= set(_MARKUP)


def _is_meant(pair: Pair, count: Frame, view: View) -> bool:
    if pair.access is not None and pair.access.method not in (None, "count"):
        return False
    if not is_handed(pair.count.via) or not is_handed(pair.load.via):
        return False
    if any(is_waiting(f) for f in (*pair.count.frames, *pair.load.frames)):
        return False
    if is_on_purpose(count) or _GUARD.search("\n".join(count.snippet)):
        return False
    return is_one_piece(pair.count, pair.load, view)
