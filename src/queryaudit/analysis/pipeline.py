"""Ledger -> report: findings from causes, suppressions, and the tables around them."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence

from queryaudit.analysis.crashes import answer
from queryaudit.analysis.drawing import drawn
from queryaudit.analysis.echoes import without_echoes
from queryaudit.analysis.joining import finding_of, impact, summed
from queryaudit.analysis.ledger import CauseTotals, Ledger
from queryaudit.analysis.settings import Settings, Unused
from queryaudit.analysis.summaries import audited, scopes, statements
from queryaudit.analysis.suppressions import Ignore, matching
from queryaudit.analysis.survey import surveyed
from queryaudit.detectors.base import Detector, Sighting
from queryaudit.records.findings import Diagnostic, Suppression, UnusedIgnore
from queryaudit.records.report import Report

_Totals = tuple["Ignore | None", CauseTotals]


def build_report(ledger: Ledger, settings: Settings) -> Report:
    """The report; equal ledgers give equal reports."""
    findings, suppressed, used = [], [], set()
    for group in [*_groups(ledger), *_surveyed(ledger, settings)]:
        group = _confirmed(group, settings)
        kept, ignored = _split(group, settings.comments)
        if kept:
            findings.append(finding_of(kept, settings))
        for ignore, causes in ignored:
            used.add(ignore)
            finding = finding_of(causes, settings)
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
        theirs = {id(t): summed(t) for _, t in group if t.sighting.rule == code}
        all_of_them: Sequence[Sighting] = [*theirs.values()]
        confirmed = answer(
            settings,
            detector,
            "what stands of it",
            functools.partial(detector.confirm, all_of_them),
            all_of_them,
        )
        standing = {id(sighting) for sighting in confirmed}
        group = [
            (ignore, totals)
            for ignore, totals in group
            if id(totals) not in theirs or id(theirs[id(totals)]) in standing
        ]
    return group


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
