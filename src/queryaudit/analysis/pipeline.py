"""Ledger -> report: findings from causes, suppressions, and the tables around them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from queryaudit.analysis.drawing import drawn
from queryaudit.analysis.echoes import without_echoes
from queryaudit.analysis.ledger import CauseTotals, Ledger, ScopeKey, order
from queryaudit.analysis.summaries import audited, scopes, statements
from queryaudit.analysis.suppressions import Ignore, matching
from queryaudit.analysis.survey import surveyed
from queryaudit.detectors.base import Detector, Limits, RuleSet
from queryaudit.detectors.base import Sighting as Observation
from queryaudit.records.events import AccessKind, Frame, Step
from queryaudit.records.findings import (
    Cause,
    Diagnostic,
    Evidence,
    Finding,
    Fix,
    Grade,
    Location,
    Saving,
    Sighting,
    Snippet,
    Suppression,
    UnusedIgnore,
)
from queryaudit.records.report import Report
from queryaudit.records.rules import Severity


class Unused(Enum):
    """Which ignores that suppressed nothing are news."""

    ALL = "all"  #: everything ran
    ENTERED = "entered"  #: those that were in force; comments elsewhere were not reached
    NONE = "none"  #: only some of what there is ran


_SCOPES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the pipeline needs to know besides the ledger."""

    tool: str
    rules: RuleSet
    severities: dict[str, Severity] = field(default_factory=dict)
    comments: tuple[Ignore, ...] = ()  #: ignore comments of the audited files
    diagnostics: tuple[Diagnostic, ...] = ()
    unused: Unused = Unused.ALL
    surveying: tuple[Detector, ...] = ()  #: the rules that run
    limits: Limits = field(default_factory=Limits)
    strict: bool = False  #: re-raise a rule's exception
    crashes: list[Diagnostic] = field(default_factory=list)  #: filled on the way


def build_report(ledger: Ledger, settings: Settings) -> Report:
    """The report; equal ledgers give equal reports."""
    findings, suppressed, used = [], [], set()
    for group in [*_groups(ledger), *_surveyed(ledger, settings)]:
        group = _confirmed(group, settings)
        kept, ignored = _split(group, settings.comments)
        if kept:
            findings.append(_finding(kept, settings))
        for ignore, causes in ignored:
            used.add(ignore)
            finding = _finding(causes, settings)
            suppressed.append(
                Suppression(
                    rule=finding.rule, reason=ignore.reason, place=ignore.place, finding=finding
                )
            )
    findings = without_echoes(findings, settings.rules)
    findings.sort(key=impact)
    suppressed.sort(key=lambda s: (s.place, s.rule, s.finding.fingerprint))
    everywhere = findings + [s.finding for s in suppressed]
    codes = sorted({cause.rule for finding in everywhere for cause in finding.causes})
    return Report(
        tool=settings.tool,
        audited=audited(ledger),
        findings=tuple(findings),
        suppressed=tuple(suppressed),
        unused_ignores=_unused(ledger, settings, used),
        scopes=scopes(ledger, findings),
        statements=statements(ledger),
        plans=drawn(ledger.gathered),
        rules=tuple(settings.rules[code].rule() for code in codes if code in settings.rules),
        diagnostics=(*settings.diagnostics, *_crashes(ledger), *settings.crashes),
    )


def fingerprint(parts: Iterable[str]) -> str:
    """16 hexadecimal digits that depend on the words alone."""
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


_Totals = tuple["Ignore | None", CauseTotals]


def _groups(ledger: Ledger) -> list[list[_Totals]]:
    """Causes by root cause: the same group, or the same expression of the source."""
    by_place: dict[tuple[object, ...], list[_Totals]] = defaultdict(list)
    for (group, _, ignore, _), totals in sorted(
        ledger.causes.items(), key=lambda item: (item[0][0], item[0][1], repr(item[0][2:]))
    ):
        frame = totals.sighting.frame
        # A queryset built at one place and narrowed in many ways is still one to edit.
        by_place[group[0], frame.path, frame.line, frame.column, totals.sighting.model].append(
            (ignore, totals)
        )
    return list(by_place.values())


def _surveyed(ledger: Ledger, settings: Settings) -> list[list[_Totals]]:
    return surveyed(
        ledger, settings.surveying, settings.limits, settings.crashes, strict=settings.strict
    )


def _confirmed(group: list[_Totals], settings: Settings) -> list[_Totals]:
    """What stands of a root cause once all of the run is known."""
    for code in sorted({totals.sighting.rule for _, totals in group}):
        detector = settings.rules[code]
        if type(detector).confirm is Detector.confirm:
            continue
        theirs = {id(t): _summed(t) for _, t in group if t.sighting.rule == code}
        standing = {id(sighting) for sighting in detector.confirm([*theirs.values()])}
        group = [
            (ignore, totals)
            for ignore, totals in group
            if id(totals) not in theirs or id(theirs[id(totals)]) in standing
        ]
    return group


def _summed(totals: CauseTotals) -> Observation:
    """The sighting of a cause, with what it adds up to over the run."""
    return replace(
        totals.sighting,
        queries=totals.queries,
        duration_ns=totals.duration_ns,
        rows=totals.rows,
        most=totals.most,
        variants=totals.variants,
    )


def _split(
    group: list[_Totals], comments: Sequence[Ignore]
) -> tuple[list[CauseTotals], list[tuple[Ignore, list[CauseTotals]]]]:
    kept: list[CauseTotals] = []
    ignored: dict[Ignore, list[CauseTotals]] = defaultdict(list)
    for ignore, totals in group:
        found = ignore or next(
            iter(matching(comments, [totals.sighting.rule], totals.frames)), None
        )
        if found is None:
            kept.append(totals)
        else:
            ignored[found].append(totals)
    return kept, list(ignored.items())


def _finding(group: list[CauseTotals], settings: Settings) -> Finding:
    group = sorted(
        _added(group), key=lambda t: (-t.sighting.severity, -t.queries, t.sighting.cause)
    )
    sightings = [_summed(totals) for totals in group]
    head = sightings[0]
    detector = settings.rules[head.rule]
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
        message=detector.message(sightings),
        location=location(frame),
        evaluated=location(evaluated) if evaluated is not None else None,
        source=head.model or "",
        causes=causes,
        queries=queries,
        duration_ns=duration_ns,
        rows=sum(totals.rows for totals in counted),
        scopes=scopes[:_SCOPES],
        scope_count=len(scopes),
        evidence=detector.evidence(sightings) or _seen(queries, len(scopes)),
        fix=_with_saving(detector, _advice(detector, sightings, settings), counted),
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
    """The group without causes whose queries another rule has counted: one text, two complaints."""
    counting: dict[tuple[str | None, Frame], CauseTotals] = {}
    for totals in group:
        same = (totals.sighting.statement, totals.sighting.access)
        known = counting.setdefault(same, totals)
        if known.sighting.rule != totals.sighting.rule and totals.queries > known.queries:
            counting[same] = totals
    rules = {same: totals.sighting.rule for same, totals in counting.items()}
    return [t for t in group if rules[t.sighting.statement, t.sighting.access] == t.sighting.rule]


def _advice(detector: Detector, sightings: Sequence[Observation], settings: Settings) -> Fix | None:
    """The rule's advice; a rule that fails to advise still has its finding."""
    try:
        return detector.advise(sightings)
    except Exception as error:
        if settings.strict:
            raise
        settings.crashes.append(
            Diagnostic(
                slug="advice-failed",
                message=f"{detector.code} could not say what to write: "
                f"{type(error).__name__}: {error}.",
                hint="Please report this; the finding itself stands.",
            )
        )
        return None


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _with_saving(detector: Detector, fix: Fix | None, group: list[CauseTotals]) -> Fix | None:
    """What is saved at most, of queries and of their time."""
    if fix is None:
        return None
    queries = sum(totals.queries for totals in group)
    saved = detector.saved(queries, sum(totals.units for totals in group))
    share = saved / queries if queries else 0
    duration_ns = sum(totals.duration_ns for totals in group)
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


def _unused(ledger: Ledger, settings: Settings, used: set[Ignore]) -> tuple[UnusedIgnore, ...]:
    if settings.unused is Unused.NONE:
        return ()
    known = set(ledger.ignores)
    if settings.unused is Unused.ALL:
        known |= set(settings.comments)
    rows = {
        UnusedIgnore(rule=", ".join(i.codes) or "every rule", reason=i.reason, place=i.place)
        for i in known - used
    }
    return tuple(sorted(rows, key=lambda row: (row.place, row.rule)))


def _crashes(ledger: Ledger) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            slug="rule-crashed",
            message=f"{code} failed and was switched off: {error}.",
            hint="Please report this; the other rules went on.",
            count=count,
        )
        for (code, error), count in sorted(ledger.crashes.items())
    )
