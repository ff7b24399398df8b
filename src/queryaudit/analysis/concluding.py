"""Rules that judge the run by facts of its scopes: their sightings, as totals like all others.

Facts are kept as a set with counts, which add up in any order of scopes, workers and traces.
"""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.analysis.crashes import crashed
from queryaudit.analysis.ledger import CauseTotals, Ledger
from queryaudit.detectors.base import Detector
from queryaudit.records.findings import Diagnostic


def concluded(
    ledger: Ledger, detectors: Sequence[Detector], crashes: list[Diagnostic], *, strict: bool
) -> list[list[CauseTotals]]:
    """A group of totals for each root cause, in the order of its words."""
    groups: dict[tuple[str, ...], list[CauseTotals]] = {}
    for detector in detectors:
        facts = ledger.facts.get(detector.code)
        if not facts:
            continue
        try:
            for sighting, behind in detector.conclude(sorted(facts, key=repr)):
                totals = CauseTotals(sighting, rows=sighting.rows, frames=set(sighting.frames))
                for fact in behind:
                    for scope, count in facts[fact].items():
                        runs = totals.scopes.setdefault(scope, [0, 0])
                        runs[0] += count
                        totals.queries += count
                        totals.worst = max(totals.worst, runs[0])
                groups.setdefault(sighting.group, []).append(totals)
        except Exception as error:
            if strict:
                raise
            crashes.append(crashed(detector.code, error))
    return [groups[words] for words in sorted(groups)]
