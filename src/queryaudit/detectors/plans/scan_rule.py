"""The rules about scans that waste work: one diagnosis, told by the rule whose trouble it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.diagnosis import Diagnosis, Trouble, diagnoses
from queryaudit.advice.index_code import (
    index_expression,
    is_own,
    may_build_concurrently,
    meta_code,
    migration_code,
    statement_code,
    takes_indexes,
)
from queryaudit.advice.sqlite_plans import completed
from queryaudit.detectors.base import Limits, Nomination
from queryaudit.detectors.plans.rule import PlanRule, grade, number, planned, source
from queryaudit.records.definitions import Model
from queryaudit.records.findings import Applicability, Evidence, Fix
from queryaudit.records.plans import Plan, Relation
from queryaudit.records.workload import Asked, Workload

#: A table that is written so many times for each time it is read like this has an index too many
#: already.
_WRITE_HEAVY = 20


class ScanRule(PlanRule):
    """A rule about one kind of trouble."""

    trouble: ClassVar[Trouble]

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        for asked, plan in planned(workload):
            relations = workload.relations.get(asked.alias, {})
            if plan.vendor == "sqlite":
                plan = completed(plan, asked.statement, relations)
            for found in diagnoses(plan, relations, limits.small_table):
                if found.trouble is self.trouble and not _is_write_heavy(workload, asked, found):
                    yield from self._nominations(workload, asked, plan, found)

    def tell(self, found: Diagnosis) -> str:
        """One sentence about the scan."""
        raise TypeError(f"{type(self).__name__} does not say what its trouble is")

    def fix(self, found: Diagnosis, model: Model | None) -> Fix | None:
        if found.candidate is None:
            return None
        return index_fix(found.candidates, model, found.scan.relation)

    def _nominations(
        self, workload: Workload, asked: Asked, plan: Plan, found: Diagnosis
    ) -> Iterable[Nomination]:
        relation = found.scan.relation
        words = tuple(word for c in found.candidates for word in c.words) or _words(found)
        return self.sightings(
            asked,
            words,
            note=self.tell(found),
            relation=relation,
            workload=workload,
            evidence=Evidence(grade=grade(plan), text=f"{source(plan)}: {_figures(found)}"),
            fix=self.fix(found, workload.models.get(relation.name)),
            rows=round(found.scan.read),
        )


def index_fix(candidates: Sequence[Candidate], model: Model | None, relation: Relation) -> Fix:
    """The indexes as code: for the model, and for a migration that keeps nobody waiting."""
    table = candidates[0].table
    concurrently = may_build_concurrently(relation)
    if not takes_indexes(model):
        keys = " and ".join(", ".join(candidate.words[2:]) for candidate in candidates)
        return Fix(
            title=f"Add {'indexes' if candidates[1:] else 'an index'} to {table}: {keys}",
            applicability=Applicability.DISPLAY_ONLY,
            code=statement_code(candidates, model, concurrently=concurrently),
            note=f"{_why_sql(model)} {_cost(candidates, relation)}",
        )
    label = model.label if model is not None else table
    code = "\n\n\n".join(
        [
            f"# in the model {label}\n{meta_code(candidates, model)}",
            "# in a migration of its own\n"
            + migration_code(candidates, model, concurrently=concurrently),
        ]
    )
    return Fix(
        title=f"Add {' and '.join(index_expression(c, model) for c in candidates)} to {label}",
        applicability=Applicability.DISPLAY_ONLY,
        code=code,
        note=_cost(candidates, relation),
    )


def _why_sql(model: Model | None) -> str:
    if is_own(model):
        return "Its model has managed = False, so that migrations make nothing of its indexes."
    return "Its model is not the project's to edit."


def _cost(candidates: Sequence[Candidate], relation: Relation) -> str:
    told = "Every write to the table maintains the index."
    if candidates[1:]:
        told = "The condition needs all of them, and every write to the table maintains them."
    if any(key.opclass == "gin_trgm_ops" for c in candidates for key in c.keys):
        told += " A trigram index is large, and the dearest kind to write."
    if relation.partitions:
        told += (
            f" {relation.name} has {relation.partitions:,} partitions, and writers wait while it "
            "is built on them, which can't be done concurrently. Where that takes too long: "
            "CREATE INDEX .. ON ONLY, then CONCURRENTLY on each partition, and ATTACH PARTITION."
        )
    return told


def _words(found: Diagnosis) -> tuple[str, ...]:
    clause = found.clause
    column = (clause.column, clause.function) if clause is not None else ()
    return (found.scan.relation.name, found.trouble.value, *column)


def _figures(found: Diagnosis) -> str:
    scan = found.scan
    verb = "read" if scan.measured else "would read"
    kind = "Scan" if scan.relation.vendor == "sqlite" else scan.node.kind
    text = f"{kind} of {scan.relation.name} {verb} {number(scan.read)} rows"
    if scan.node.method:
        text += f" {scan.node.method},"
    if found.trouble is Trouble.SORT and scan.order is not None:
        return f"{text} to sort them and take {number(scan.order.wanted or 0)}"
    return f"{text} for {number(scan.kept)} that are wanted"


def _is_write_heavy(workload: Workload, asked: Asked, found: Diagnosis) -> bool:
    writes = workload.writes(asked.alias, found.scan.relation.name)
    return writes >= _WRITE_HEAVY * asked.calls


def reading(found: Diagnosis) -> str:
    """``100,000 rows of shop_order are read``, or would be."""
    scan = found.scan
    times = scan.node.loops or 1
    more = f" ({number(times)} times over)" if times > 1 and scan.read > scan.relation.rows else ""
    are = "are" if scan.measured else "would be"
    return f"{number(scan.read)} rows of {scan.relation.name} {are} read{more}"
