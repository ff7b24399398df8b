"""What rules about plans have in common: they survey the whole run, and find with a figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Nomination, Sighting
from queryaudit.records.findings import Evidence, Fix, Grade
from queryaudit.records.plans import Plan, PlanMode, Relation
from queryaudit.records.workload import Asked, Workload


class NoFold:
    """These rules keep nothing of a unit of work."""


class PlanRule(Detector):
    """A rule that is judged once, when all statements and plans are known."""

    fold = NoFold

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        known = [s.evidence for s in sightings if s.evidence is not None]
        return max(known, key=lambda e: (e.grade, e.text), default=None)

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return next((s.fix for s in sightings if s.fix is not None), None)

    def message(self, sightings: Sequence[Sighting]) -> str:
        return sightings[0].note

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def sightings(
        self,
        asked: Asked,
        words: Sequence[str],
        *,
        note: str,
        relation: Relation | None,
        workload: Workload,
        evidence: Evidence,
        fix: Fix | None,
        rows: int = 0,
    ) -> Iterable[Nomination]:
        """One for each place that asked; they are one finding, named by ``words``."""
        model = workload.models.get(relation.name) if relation is not None else None
        for site in asked.sites:
            yield Nomination(
                Sighting(
                    rule=self.code,
                    group=(self.code, *words),
                    cause=(self.code, *words, asked.fingerprint, site.frame.function),
                    severity=self.severity,
                    frame=site.frame,
                    access=site.frame,
                    model=model.label if model is not None else None,
                    owner=relation.name if relation is not None else None,
                    statement=asked.statement,
                    queries=site.calls,
                    duration_ns=site.duration_ns,
                    rows=rows,
                    note=note,
                    fix=fix,
                    evidence=evidence,
                    frames=(site.frame,),
                ),
                site,
            )


def planned(workload: Workload) -> Iterable[tuple[Asked, Plan]]:
    """The statements that have a plan and a place in the audited code."""
    for asked in workload.statements:
        if asked.plan is not None and asked.plan.nodes and asked.sites:
            yield asked, asked.plan


def grade(plan: Plan) -> Grade:
    return Grade.MEASURED if plan.mode is PlanMode.ANALYZED else Grade.ESTIMATED


def source(plan: Plan) -> str:
    """How the figures of a plan came about, to begin a sentence with."""
    if plan.vendor == "sqlite":
        return "EXPLAIN QUERY PLAN, with rows counted and values sampled"
    if plan.mode is PlanMode.ANALYZED and plan.reason:
        return f"Executed {plan.reason} (EXPLAIN ANALYZE)"
    if plan.mode is PlanMode.ANALYZED:
        return "Executed again with values that the application used (EXPLAIN ANALYZE)"
    if plan.mode is PlanMode.PLANNED:
        return "Planned with values that the application used (EXPLAIN)"
    place = f" {plan.reason}" if plan.reason else ""
    return f"Planned{place} for any values (EXPLAIN, generic: skew does not show)"


def number(value: float) -> str:
    return f"{round(value):,}"
