"""Gathers what was asked in a run that is explained, and lets rules survey it as a whole.

Gathering is addition, as in the ledger: the order of tests and traces makes no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from queryaudit.analysis.suppressions import Ignore
from queryaudit.records.definitions import Frame, Model
from queryaudit.records.events import ScopeStart
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.plan_shapes import PlanShape
from queryaudit.records.plans import Plan, Relation
from queryaudit.records.workload import Asked, Site, Workload
from queryaudit.sql.statement import Statement

#: Alias and fingerprint.
StatementKey = tuple[str, str]
#: A place, and the ignores in force there, innermost first.
_Place = tuple[Frame, tuple[Ignore, ...]]


@dataclass(slots=True)
class SiteTotals:
    """What one place asked: calls and time by unit of work."""

    ignores: tuple[Ignore, ...]
    scopes: dict[tuple[ScopeKind, str], list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class _AskedTotals:
    statement: Statement
    calls: int = 0
    duration_ns: int = 0
    sites: dict[_Place, SiteTotals] = field(default_factory=dict)


class Gathered:
    """See the module. Bounded by distinct statement, place and unit of work."""

    def __init__(self) -> None:
        self.plans: dict[StatementKey, Plan] = {}
        self._asked: dict[StatementKey, _AskedTotals] = {}
        self._relations: dict[tuple[str, str, str], Relation] = {}
        self._models: dict[str, Model] = {}
        #: Plans that were accepted.
        self.before: Mapping[StatementKey, PlanShape] = {}

    def add(
        self,
        alias: str,
        statement: Statement,
        scope: ScopeStart,
        frame: Frame | None,
        ignores: tuple[Ignore, ...],
        calls: int,
        duration_ns: int,
    ) -> None:
        key = (alias, statement.fingerprint)
        totals = self._asked.get(key)
        if totals is None:
            totals = self._asked[key] = _AskedTotals(statement)
        elif statement.normalised < totals.statement.normalised:
            totals.statement = statement
        totals.calls += calls
        totals.duration_ns += duration_ns
        if frame is None:
            return
        site = totals.sites.setdefault((frame, ignores), SiteTotals(ignores))
        runs = site.scopes.setdefault((scope.kind, scope.name), [0, 0])
        runs[0] += calls
        runs[1] += duration_ns

    def aliases(self) -> dict[str, set[str]]:
        """The databases on which each statement was asked, by its fingerprint."""
        found: dict[str, set[str]] = defaultdict(set)
        for alias, fingerprint in self._asked:
            found[fingerprint].add(alias)
        return dict(found)

    def add_plan(self, plan: Plan, statement: Statement) -> None:
        """Of several plans for one statement, the one that was taken furthest and saw most rows.

        Rows do not depend on what else the machine did: a slow look at an empty table, in
        which others left dead rows, would cost more than what found something.
        """
        plan = plan._replace(sql=0)
        key = (plan.alias, statement.fingerprint)
        known = self.plans.get(key)
        if known is None or _weight(plan) > _weight(known):
            self.plans[key] = plan

    def add_relation(self, relation: Relation) -> None:
        key = (relation.alias, relation.schema, relation.name)
        known = self._relations.get(key)
        if known is None or _size(relation) > _size(known):
            self._relations[key] = relation

    def add_models(self, models: Iterable[Model]) -> None:
        for model in models:
            known = self._models.get(model.table)
            # A proxy has its parent's table and comes after it.
            if known is None or (len(known.columns), known.label) < (len(model.columns), ""):
                self._models[model.table] = model

    def workload(self) -> tuple[Workload, Mapping[int, SiteTotals]]:
        """All that was gathered, in order, and the totals behind each site by its identity."""
        behind: dict[int, SiteTotals] = {}
        statements = tuple(
            _asked(key, totals, self.plans.get(key), behind)
            for key, totals in sorted(self._asked.items())
        )
        relations: dict[str, dict[tuple[str, str], Relation]] = defaultdict(dict)
        for (alias, schema, name), relation in sorted(self._relations.items()):
            relations[alias][schema, name] = relation
        found = Workload(
            statements=statements, relations=relations, models=self._models, before=self.before
        )
        return found, behind


def _asked(
    key: StatementKey, totals: _AskedTotals, plan: Plan | None, behind: dict[int, SiteTotals]
) -> Asked:
    sites = []
    for (frame, _), site in sorted(totals.sites.items(), key=lambda item: repr(item[0])):
        found = Site(
            frame=frame,
            calls=sum(calls for calls, _ in site.scopes.values()),
            duration_ns=sum(duration for _, duration in site.scopes.values()),
        )
        behind[id(found)] = site
        sites.append(found)
    return Asked(
        alias=key[0],
        fingerprint=key[1],
        statement=totals.statement.normalised,
        verb=totals.statement.verb.value,
        tables=totals.statement.tables,
        calls=totals.calls,
        duration_ns=totals.duration_ns,
        plan=plan,
        sites=tuple(sites),
    )


def _weight(plan: Plan) -> tuple[object, ...]:
    cost = plan.nodes[0].cost if plan.nodes else 0.0
    return (int(plan.mode), plan.looked_at, cost, plan.duration_ns or 0, repr(plan))


def _size(relation: Relation) -> tuple[object, ...]:
    return (relation.rows, relation.bytes, repr(relation))
