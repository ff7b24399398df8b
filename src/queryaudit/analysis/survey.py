"""Rules that look at the run as a whole: their sightings, as totals like those of all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from queryaudit.analysis.concluding import concluded
from queryaudit.analysis.crashes import crashed
from queryaudit.analysis.ledger import CauseTotals, Ledger, ScopeKey
from queryaudit.analysis.suppressions import Ignore
from queryaudit.detectors.base import Detector, Limits, Nomination
from queryaudit.records.findings import Diagnostic

#: Causes of one root cause, each under the ignore that was in force.
Group = list[tuple["Ignore | None", CauseTotals]]


def surveyed(
    ledger: Ledger,
    detectors: Sequence[Detector],
    limits: Limits,
    crashes: list[Diagnostic],
    *,
    strict: bool,
) -> list[Group]:
    """What the rules find in the workload: a group for each root cause, in the order of words."""
    found: list[Group] = [
        [(None, totals) for totals in group]
        for group in concluded(ledger, detectors, crashes, strict=strict)
    ]
    surveying = [d for d in detectors if type(d).survey is not Detector.survey]
    if not surveying or not ledger.gathered.plans:
        return found
    workload, behind = ledger.gathered.workload()
    groups: dict[tuple[str, ...], dict[object, CauseTotals]] = {}
    ignored: dict[int, Ignore | None] = {}
    for detector in surveying:
        try:
            for nomination in detector.survey(workload, limits):
                site = behind[id(nomination.site)]
                ignore = next((i for i in site.ignores if i.covers(detector.code)), None)
                totals = _totals(nomination, ignore, groups)
                ignored[id(totals)] = ignore
                for key, (calls, duration_ns) in site.scopes.items():
                    _add(totals, key, calls, duration_ns)
        except Exception as error:
            if strict:
                raise
            crashes.append(crashed(detector.code, error))
    return found + [
        [(ignored[id(totals)], totals) for totals in groups[words].values()]
        for words in sorted(groups)
    ]


def _totals(
    nomination: Nomination,
    ignore: Ignore | None,
    groups: dict[tuple[str, ...], dict[object, CauseTotals]],
) -> CauseTotals:
    sighting = nomination.sighting
    group = groups.setdefault(sighting.group, {})
    key = (sighting.cause, ignore, sighting.frame)
    totals = group.get(key)
    if totals is None:
        totals = group[key] = CauseTotals(replace(sighting, frames=()))
        totals.rows = sighting.rows
    totals.frames.update(sighting.frames)
    return totals


def _add(totals: CauseTotals, key: ScopeKey, calls: int, duration_ns: int) -> None:
    runs = totals.scopes.setdefault(key, [0, 0])
    runs[0] += calls
    runs[1] += duration_ns
    totals.queries += calls
    totals.duration_ns += duration_ns
    totals.worst = max(totals.worst, calls)
