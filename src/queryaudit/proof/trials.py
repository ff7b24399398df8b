"""An index on its way from a proposal to a recommendation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.diagnosis import diagnoses
from queryaudit.advice.index_code import (
    index_expression,
    index_name,
    meta_code,
    migration_code,
)
from queryaudit.proof.trial import Compared
from queryaudit.records.advised import AdvisedIndex, Outcome, Served
from queryaudit.records.events import Model
from queryaudit.records.plans import Relation
from queryaudit.records.workload import Asked, Workload

_LOCATIONS = 3


@dataclass(slots=True)
class Trial:
    """A candidate on its way."""

    candidate: Candidate
    relation: Relation
    model: Model | None
    asked: list[Asked] = field(default_factory=list)
    outcome: Outcome = Outcome.IDEA
    reason: str = ""
    bytes: int | None = None
    build_ns: int | None = None
    sets: int = 0
    compared: dict[str, list[Compared]] = field(default_factory=dict)
    #: the planner's cost of its statements before and after, where it was only asked
    estimated: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return index_name(self.candidate)

    def end(self, outcome: Outcome, reason: str) -> None:
        self.outcome, self.reason = outcome, reason


def proposed(workload: Workload, alias: str, small_table: int) -> list[Trial]:
    """The candidates of a workload, those first that its dearest statements ask for."""
    found: dict[tuple[str, ...], Trial] = {}
    relations = workload.relations.get(alias, {})
    for asked in workload.statements:
        if asked.alias != alias or asked.plan is None or not asked.plan.nodes:
            continue
        for diagnosis in diagnoses(asked.plan, relations, small_table):
            wanted = diagnosis.candidate
            if wanted is None:
                continue
            relation = diagnosis.scan.relation
            trial = found.setdefault(
                wanted.words, Trial(wanted, relation, workload.models.get(relation.name))
            )
            if asked not in trial.asked:
                trial.asked.append(asked)
    return sorted(found.values(), key=lambda t: (-weight(t.asked), t.candidate.words))


def weight(statements: Sequence[Asked]) -> float:
    return sum(a.calls * a.plan.nodes[0].cost for a in statements if a.plan is not None)


def advised(trial: Trial) -> AdvisedIndex:
    model = trial.model
    label = model.label if model is not None else trial.candidate.table
    concurrently = migration_code([trial.candidate], model)
    return AdvisedIndex(
        title=index_expression(trial.candidate, model),
        model=label,
        outcome=trial.outcome,
        reason=trial.reason,
        code=f"{meta_code([trial.candidate], model)}\n\n\n{concurrently}",
        bytes=trial.bytes,
        build_ns=trial.build_ns,
        value_sets=trial.sets,
        served=tuple(
            _served(
                asked,
                trial.compared.get(asked.fingerprint),
                trial.estimated.get(asked.fingerprint),
            )
            for asked in trial.asked
        ),
    )


def _served(
    asked: Asked, compared: Sequence[Compared] | None, costs: tuple[float, float] | None
) -> Served:
    places = sorted({f"{site.frame.path}:{site.frame.line}" for site in asked.sites})
    found = Served(
        statement=asked.statement,
        calls=asked.calls,
        locations=tuple(places[:_LOCATIONS]),
        before_ns=None,
        after_ns=None,
        at_least=None,
        before_cost=costs[0] if costs is not None else None,
        after_cost=costs[1] if costs is not None else None,
    )
    if not compared:
        return found
    return replace(
        found,
        before_ns=round(median(c.before_ns for c in compared)),
        after_ns=round(median(c.after_ns for c in compared)),
        at_least=min(c.at_least for c in compared),
    )
