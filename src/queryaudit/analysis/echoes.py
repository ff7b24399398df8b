"""Notes that give way: what more is known of a queryset makes a general remark on it an echo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from queryaudit.detectors.base import Detector
from queryaudit.records.findings import Finding, Location
from queryaudit.records.rules import Severity


def without_echoes(findings: Sequence[Finding], rules: Mapping[str, Detector]) -> list[Finding]:
    """Leaves out the notes of rules that yield where another finding is about the same line."""
    told = {
        place for finding in findings if not _yields(finding, rules) for place in _places(finding)
    }
    return [f for f in findings if not _yields(f, rules) or not _places(f) & told]


def _yields(finding: Finding, rules: Mapping[str, Detector]) -> bool:
    return finding.severity is Severity.NOTE and rules[finding.rule].yields


def _places(finding: Finding) -> set[tuple[str, int]]:
    places: list[Location | None] = [finding.location, finding.evaluated]
    return {(place.path, place.line) for place in places if place is not None}
