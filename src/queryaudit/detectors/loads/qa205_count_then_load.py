"""QA205: the database counts rows that are loaded as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from queryaudit.advice.source import expression_at
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.duplicates.places import is_on_purpose, is_one_piece, is_waiting, site
from queryaudit.detectors.duplicates.questions import question_in_template
from queryaudit.detectors.loads.counted import CountedFold, Pair
from queryaudit.detectors.loads.python_side import use_at
from queryaudit.detectors.places import evaluated_at, is_handed, severity_at, visible
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import FrameKind
from queryaudit.records.rules import Severity

#: ``if rows.count() > 1000``: too many are not loaded at all.
_GUARD = re.compile(r"count\(\)\s*(>=?|<=?)\s*(?![01]\b)[\w.]+")
#: ``rows`` of ``if rows.exists``.
_VARIABLE = re.compile(r"\b([\w.]+)\.(?:count|exists)\b")
#: A question that is one expression.
_ASKED = re.compile(r"\.a?(count|exists)\(\)$|^(len|bool)\(")
_MARKUP = (FrameKind.TEMPLATE, FrameKind.SERIALIZER)


class CountThenLoad(Detector):
    """``count()`` or ``exists()`` asks about rows that are loaded as well.

    What it detects
    ---------------
    A COUNT, or the query of ``exists()``, and a SELECT of all rows with the same FROM and WHERE and
    the same values, in one unit of work, with no write in between and in either order. What
    ``select_related()`` and an order join to the rows makes no difference. ``len(rows)`` is such a
    question too where the rows are then loaded by another query, as ``rows.select_related(...)``.

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

    In a template, ``{{ reviews|length }}`` and ``{% if reviews %}`` load the rows, and the loop
    after them uses them.

    When it is fine
    ---------------
    Pages, of which only some rows are loaded, ``iterator()``, which holds none, a guard such as
    ``if rows.count() > 1000``, other conditions or values, a write in between, and a relation
    that is counted and loaded for each of several rows, which is the finding of QA102 and QA104:
    all are silent. Where the two stand in different functions the finding is a note for
    ``count()``, and ``exists()`` is silent: who asks there may not be who loads.

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
    summary = "Rows are counted, or asked for, and loaded as well."
    fold = CountedFold

    def judge(self, fold: CountedFold, view: View) -> Iterable[Sighting]:
        for pair in fold.pairs(view):
            count, load = site(pair.count), site(pair.load)
            if count is None or load is None or not {count.kind, load.kind} <= view.own:
                continue
            near = _is_near(count, load)
            if pair.asked == "exists()" and not near and not _is_built_at(count, pair):
                continue
            if pair.asked == "len()" and (not near or _is_told_by_itself(pair, view)):
                continue
            if _is_meant(pair, count, view):
                yield self._sight(pair, count, load, view)

    def _sight(self, pair: Pair, count: Frame, load: Frame, view: View) -> Sighting:
        near = pair.asked == "exists()" or _is_near(count, load)
        severity = self.severity if near else Severity.NOTE
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
            note=f"{pair.asked} of what is loaded",
            ignored=pair.ignored,
            frames=visible((count, load, *pair.count.frames)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        name = (head.model or "").rpartition(".")[2] or "The table"
        load = head.evaluated or head.frame
        where = f"{load.path.rpartition('/')[2]}:{load.line}" if load != head.frame else "the line"
        if head.note.startswith("len()"):
            return f"Rows of {name} are loaded for their number, and loaded again at {where}."
        if _probes(head):
            return f"The database is asked for any rows of {name}, and loads them all at {where}."
        return f"The database counts rows of {name} that are loaded as well, at {where}."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text="both statements have the same FROM, WHERE and values, and nothing was written "
            "in between",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return queries

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        probes = _probes(head)
        if head.frame.kind is FrameKind.TEMPLATE:
            variable = _VARIABLE.search(head.frame.function)
            rows = variable[1] if variable is not None else "rows"
            load = head.evaluated or head.frame
            gone_through = question_in_template(load) if load.kind is FrameKind.TEMPLATE else None
            if gone_through is not None and gone_through != rows:
                return _shared(gone_through, probes=probes)
            return Fix(
                title="ask the rows themselves",
                applicability=Applicability.DISPLAY_ONLY,
                code=f"{{% if {rows} %}}" if probes else f"{{{{ {rows}|length }}}}",
                note="It loads the rows once; the loop over the same variable uses them.",
            )
        asked = (expression_at(head.frame) or "").removeprefix("await ")
        instead = f"  # instead of {asked}" if _ASKED.search(asked) else ""
        return Fix(
            title="ask the rows themselves",
            applicability=Applicability.DISPLAY_ONLY,
            code=f"bool(rows){instead}" if probes else f"len(rows){instead}",
            note="`rows` is the list, or the one queryset, that is loaded: a queryset that was "
            "evaluated keeps its rows, and so does not ask again.",
        )


def _shared(rows: str, *, probes: bool) -> Fix:
    """A manager, and each call of a method, gives a queryset of its own."""
    shown = "{% if rows %}" if probes else "{{ rows|length }}"
    return Fix(
        title="ask the rows themselves",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"{{% with rows={rows} %}}\n    {shown}\n    ...\n{{% endwith %}}",
        note="Put it around both, and let the loop go over `rows`: it uses what was loaded.",
    )


def _probes(sighting: Sighting) -> bool:
    return sighting.note.startswith("exists()")


def _is_built_at(count: Frame, pair: Pair) -> bool:
    """What is asked in a view may be shown by its template."""
    built = pair.origin.built if pair.origin is not None else None
    return built is not None and (built.path, built.function) == (count.path, count.function)


def _is_told_by_itself(pair: Pair, view: View) -> bool:
    """Whether the rows that are loaded for their number are a finding of QA204."""
    access = pair.access
    model = view.tables.models.get(access.target or access.owner) if access is not None else None
    frame = evaluated_at(pair.count.frames, view)
    return model is None or frame is None or use_at(frame, model, view) is not None


def _is_near(count: Frame, load: Frame) -> bool:
    if count.path != load.path:
        return False
    return count.function == load.function or {count.kind, load.kind} <= set(_MARKUP)


def _is_meant(pair: Pair, count: Frame, view: View) -> bool:
    if pair.access is not None and pair.access.method not in (None, "count", "exists"):
        return False
    if not is_handed(pair.count.via) or not is_handed(pair.load.via):
        return False
    if any(is_waiting(f) for f in (*pair.count.frames, *pair.load.frames)):
        return False
    if is_on_purpose(count) or _GUARD.search("\n".join(count.snippet)):
        return False
    return is_one_piece(pair.count, pair.load, view)
