"""One finding of the causes that one edit mends: their sum, its place, its evidence and its fix."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from queryaudit.analysis.crashes import answer
from queryaudit.analysis.ledger import CauseTotals, ScopeKey, order
from queryaudit.analysis.settings import Settings
from queryaudit.detectors.base import Detector
from queryaudit.detectors.base import Sighting as Observation
from queryaudit.records.definitions import Frame, Step
from queryaudit.records.findings import (
    Cause,
    Evidence,
    Finding,
    Fix,
    Grade,
    Location,
    Saving,
    Sighting,
    Snippet,
)
from queryaudit.records.kinds import AccessKind
from queryaudit.records.rules import Severity

#: Units of work that a finding names.
_SCOPES = 10


def fingerprint(parts: Iterable[str]) -> str:
    """16 hexadecimal digits that depend on the words alone."""
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def summed(totals: CauseTotals) -> Observation:
    """The sighting of a cause, with what it adds up to over the run."""
    return replace(
        totals.sighting,
        queries=totals.queries,
        duration_ns=totals.duration_ns,
        rows=totals.rows,
        most=totals.most,
        variants=totals.variants,
    )


def finding_of(group: list[CauseTotals], settings: Settings) -> Finding:
    group = sorted(
        _added(group), key=lambda t: (-t.sighting.severity, -t.queries, t.sighting.cause)
    )
    sightings = [summed(totals) for totals in group]
    head = sightings[0]
    detector = settings.rules[head.rule]
    message = answer(
        settings,
        detector,
        "what it found",
        lambda: detector.message(sightings),
        detector.summary,
    )
    evidence = answer(
        settings, detector, "how it knows", lambda: detector.evidence(sightings), None
    )
    causes = tuple(_cause(totals) for totals in group)
    counted = _once(group)
    queries = sum(totals.queries for totals in counted)
    duration_ns = sum(totals.duration_ns for totals in counted)
    scopes = _scope_totals(counted)
    frame = min(group, key=lambda t: repr(t.sighting.frame)).sighting.frame
    evaluated = next((s.evaluated for s in sightings if s.evaluated is not None), None)
    return Finding(
        rule=head.rule,
        name=detector.name,
        severity=_severity(sightings, settings),
        message=message,
        location=location(frame),
        evaluated=location(evaluated) if evaluated is not None else None,
        source=head.model or "",
        causes=causes,
        queries=queries,
        duration_ns=duration_ns,
        rows=sum(totals.rows for totals in counted),
        scopes=scopes[:_SCOPES],
        scope_count=len(scopes),
        evidence=evidence or _seen(queries, len(scopes)),
        fix=_fix(detector, sightings, counted, settings),
        fingerprint=min(fingerprint(s.group) for s in sightings),
    )


def _seen(queries: int, scopes: int) -> Evidence:
    return Evidence(
        grade=Grade.OBSERVED,
        text=f"{_counted(queries, 'query', 'queries')} in "
        f"{_counted(scopes, 'unit of work', 'units of work')}, seen as they ran",
    )


def _added(group: Sequence[CauseTotals]) -> list[CauseTotals]:
    """One entry a cause: a queryset that is ordered in two ways shows it under two statements."""
    added: dict[tuple[str, ...], CauseTotals] = {}
    for totals in sorted(group, key=lambda t: order(t.sighting)):
        known = added.get(totals.sighting.cause)
        added[totals.sighting.cause] = totals if known is None else known.plus(totals)
    return list(added.values())


def _once(group: Sequence[CauseTotals]) -> list[CauseTotals]:
    """The group without causes that differ from another in the rule alone: one text, two
    complaints, the same queries."""
    counting: dict[tuple[object, ...], CauseTotals] = {}
    for totals in group:
        sighting = totals.sighting
        named = sighting.cause[0] == sighting.rule
        same = (sighting.statement, *(sighting.cause[1:] if named else (None, sighting.cause)))
        known = counting.get(same)
        if known is None or totals.queries > known.queries:
            counting[same] = totals
    return list(counting.values())


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _fix(
    detector: Detector,
    sightings: Sequence[Observation],
    counted: Sequence[CauseTotals],
    settings: Settings,
) -> Fix | None:
    """What to write, and what it saves at most of queries and of their time."""
    fix = answer(settings, detector, "what to write", lambda: detector.advise(sightings), None)
    if fix is None:
        return None
    queries = sum(totals.queries for totals in counted)
    units = sum(totals.units for totals in counted)
    saved = answer(settings, detector, "what is saved", lambda: detector.saved(queries, units), 0)
    share = saved / queries if queries else 0
    duration_ns = sum(totals.duration_ns for totals in counted)
    return replace(fix, saving=Saving(queries=saved, duration_ns=round(duration_ns * share)))


def _severity(sightings: Sequence[Observation], settings: Settings) -> Severity:
    found = []
    for sighting in sightings:
        own = sighting.severity
        # What stands in test code stays a note, whatever the rule's severity is set to.
        found.append(own if own is Severity.NOTE else settings.severities.get(sighting.rule, own))
    return max(found)


def _cause(totals: CauseTotals) -> Cause:
    sighting = totals.sighting
    loop = sighting.loop
    return Cause(
        rule=sighting.rule,
        path="__".join(step.name for step in sighting.path),
        description=sighting.note or describe(sighting.path, sighting.method),
        location=location(sighting.access),
        loop=loop[2] if loop is not None else None,
        loop_line=loop[1] if loop is not None else None,
        statement=sighting.statement,
        queries=totals.queries,
        rows=totals.rows,
        worst=totals.worst,
        duration_ns=totals.duration_ns,
        fingerprint=fingerprint(sighting.cause),
    )


def describe(path: Sequence[Step], method: str | None) -> str:
    """``author.publisher``, ``reviews.count()``: how the access reads in code."""
    names = [step.name for step in path]
    if not names:
        return f"{method}()" if method else ""
    many = path[-1].kind in (AccessKind.COLLECTION, AccessKind.MANY, AccessKind.GENERIC_COLLECTION)
    ending = f".{method or 'all'}()" if many else ""
    return ".".join(names) + ending


def location(frame: Frame) -> Location:
    snippet = None
    if frame.snippet_line is not None and frame.snippet:
        snippet = Snippet(first_line=frame.snippet_line, lines=frame.snippet)
    return Location(
        path=frame.path,
        line=frame.line,
        end_line=frame.end_line,
        column=frame.column,
        end_column=frame.end_column,
        function=frame.function,
        kind=frame.kind.name.lower(),
        snippet=snippet,
    )


def _scope_totals(group: list[CauseTotals]) -> tuple[Sighting, ...]:
    added: dict[ScopeKey, list[int]] = {}
    for totals in group:
        for key, (queries, duration_ns) in totals.scopes.items():
            entry = added.setdefault(key, [0, 0])
            entry[0] += queries
            entry[1] += duration_ns
    rows = [
        Sighting(kind=kind.name.lower(), name=name, queries=queries, duration_ns=duration_ns)
        for (kind, name), (queries, duration_ns) in added.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.queries, row.kind, row.name)))


def impact(finding: Finding) -> tuple[object, ...]:
    """By severity, then by how many queries: times differ from run to run."""
    place = (finding.location.path, finding.location.line)
    return (-int(finding.severity), -finding.queries, place, finding.fingerprint)
