"""An index on its way from a proposal to a recommendation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import NamedTuple

from queryaudit.advice.block_ranges import block_ranges
from queryaudit.advice.candidates import Candidate
from queryaudit.advice.conditions import Clause, clauses
from queryaudit.advice.conditions import Compared as Test
from queryaudit.advice.covering import coverings, left_idle
from queryaudit.advice.diagnosis import diagnoses
from queryaudit.advice.index_code import (
    index_expression,
    index_name,
    may_build_concurrently,
    meta_code,
    migration_code,
    statement_code,
    takes_indexes,
)
from queryaudit.advice.scans import Relations
from queryaudit.advice.sqlite_plans import asked_of, completed
from queryaudit.advice.sqlite_searches import searched_further
from queryaudit.proof.trial import Compared
from queryaudit.records.advised import AdvisedIndex, Outcome, Served, Tried, TriedDrop
from queryaudit.records.definitions import Model
from queryaudit.records.plans import Relation
from queryaudit.records.workload import Asked, Workload
from queryaudit.sql.plain import plain_query
from queryaudit.sql.statement import parse
from queryaudit.sql.writes import Write

_LOCATIONS = 3
_NOTHING = Write((), None)


@dataclass(slots=True)
class Trial:
    """A candidate on its way, or several of one table of which each is needed."""

    candidates: tuple[Candidate, ...]
    relation: Relation
    model: Model | None
    asked: list[Asked] = field(default_factory=list)
    #: statements that look for values of its first column, and did not ask for it
    also: list[Asked] = field(default_factory=list)
    outcome: Outcome = Outcome.IDEA
    reason: str = ""
    #: of those that were built; the others are there already
    bytes: dict[Candidate, int] = field(default_factory=dict)
    build_ns: int | None = None
    #: what those that were proved add to inserting a row, where that was measured
    insert_ns: dict[Candidate, int | None] = field(default_factory=dict)
    sets: int = 0
    #: of the rows of its table on which it was tried
    share: float = 1.0
    compared: dict[str, list[Compared]] = field(default_factory=dict)
    #: the planner's cost of its statements before and after, where it was only asked
    estimated: dict[str, tuple[float, float]] = field(default_factory=dict)
    #: It holds all that its statements read of the table.
    is_covering: bool = False

    @property
    def name(self) -> str:
        """For people: of all that are proposed."""
        return " and ".join(index_name(candidate) for candidate in self.candidates)

    @property
    def table(self) -> str:
        return self.candidates[0].table

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word for candidate in self.candidates for word in candidate.words)

    def missing(self, others: Iterable[Trial]) -> tuple[Candidate, ...]:
        """Those of its candidates that others do not serve as well."""
        there = [candidate for other in others for candidate in other.candidates]
        return tuple(c for c in self.candidates if not any(o.covers(c) for o in there))

    @property
    def names(self) -> list[str]:
        """Of those that are built for it."""
        return [index_name(candidate) for candidate in self.candidates]

    @property
    def turn(self) -> int:
        """What is small is tried first, and what holds more only when the rest is in place: each
        must be worth what it takes beside those before it."""
        if any(candidate.method == "brin" for candidate in self.candidates):
            return 0
        return 2 if self.is_covering else 1

    def replaces(self, other: Trial) -> bool:
        """Whether all that ``other`` has is the beginning of what this one has."""
        return self.is_covering and all(
            any(mine.covers(theirs) for mine in self.candidates) for theirs in other.candidates
        )

    def end(self, outcome: Outcome, reason: str) -> None:
        self.outcome, self.reason = outcome, reason

    def break_off(self) -> None:
        self.end(Outcome.UNKNOWN, "the run broke off before it was tried")


def serving(trial: Trial, others: Iterable[Trial]) -> str:
    """The names of those that serve what the trial would."""
    return " and ".join(o.name for o in others if trial.missing([o]) != trial.candidates)


class Advice(NamedTuple):
    """Every candidate with its outcome."""

    indexes: tuple[AdvisedIndex, ...]
    interruption: str = ""  #: what the run broke off by, in half a sentence; empty if it ended
    drops: tuple[TriedDrop, ...] = ()

    @property
    def tried(self) -> Tried:
        return Tried(self.indexes, self.drops)


def proposed(workload: Workload, alias: str, small_table: int) -> list[Trial]:
    """The candidates of a workload, those first that its dearest statements ask for."""
    found: dict[tuple[str, ...], Trial] = {}
    relations = workload.relations.get(alias, {})
    updated = _updated(workload, alias)
    for asked in workload.statements:
        if asked.alias != alias or asked.plan is None or not asked.plan.nodes:
            continue
        for relation, candidates, is_covering in _wanted(asked, relations, small_table, updated):
            model = workload.models.get(relation.name)
            trial = Trial(candidates, relation, model, is_covering=is_covering)
            trial = found.setdefault(trial.words, trial)
            if asked not in trial.asked:
                trial.asked.append(asked)
    for trial in found.values():
        for asked in workload.statements:
            if asked.alias == alias and asked not in trial.asked and _looks_for(asked, trial):
                trial.also.append(asked)
    return sorted(found.values(), key=lambda t: (t.turn, -weight(t.asked), t.words))


_Wanted = tuple[Relation, tuple[Candidate, ...], bool]


def _wanted(
    asked: Asked, relations: Relations, small_table: int, updated: Collection[tuple[str, str]]
) -> Iterator[_Wanted]:
    """What a statement asks for: indexes that serve its scans, and those that are all it reads."""
    plan = asked.plan
    if plan is None:
        return
    if plan.vendor == "sqlite":
        for relation, found in searched_further(plan, asked.statement, relations, small_table):
            yield relation, (found,), False
        plan = completed(plan, asked.statement, relations, to_be_tried=True)
    for diagnosis in diagnoses(plan, relations, small_table):
        if diagnosis.candidates:
            yield diagnosis.scan.relation, diagnosis.candidates, False
        if diagnosis.candidate is not None:
            ranges = block_ranges(diagnosis.scan, diagnosis.candidate)
            if ranges is not None and not diagnosis.others:
                yield diagnosis.scan.relation, (ranges,), False
    if asked.verb == "SELECT" and plan.vendor == "postgresql":
        for relation, candidate in coverings(plan, relations, small_table, updated):
            yield relation, (candidate,), True


def _updated(workload: Workload, alias: str) -> set[tuple[str, str]]:
    """Tables and columns that are written after the rows are there."""
    return {
        (asked.tables[0], column)
        for asked in workload.statements
        if asked.alias == alias and asked.verb == "UPDATE" and asked.tables
        for column in (parse(asked.statement).write or _NOTHING).columns
    }


def _looks_for(asked: Asked, trial: Trial) -> bool:
    """Whether a statement compares the first column for equality in a table that it reads."""
    columns = {c.keys[0].column for c in trial.candidates if c.equal and not c.keys[0].function}
    return any(
        clause.column in columns and clause.test is Test.EQUAL
        for clause in _asked_of(asked, trial.table)
        if not clause.joined and not clause.function
    )


def _asked_of(asked: Asked, table: str) -> Iterator[Clause]:
    """What a statement asks of the rows of a table, by its plan; SQLite's do not tell."""
    nodes = asked.plan.nodes if asked.plan is not None else ()
    theirs = [node for node in nodes if node.relation == table]
    if asked.plan is None or asked.plan.vendor != "sqlite":
        for node in theirs:
            found = (*clauses(node.condition), *clauses(node.filter))
            yield from (clause for clause in found if clause.alias == node.alias)
        return
    query = plain_query(asked.statement)
    if query is None:
        return
    alone = sum(bool(node.relation) for node in nodes) == 1
    for node in theirs:
        yield from asked_of(node, query, asked.statement, alone=alone)


def weight(statements: Sequence[Asked]) -> float:
    return sum(a.calls * a.plan.nodes[0].cost for a in statements if a.plan is not None)


def advised(trial: Trial) -> Iterator[AdvisedIndex]:
    """Each of its indexes; of those that are needed together the others are named."""
    for candidate in trial.candidates:
        rest = [index_name(other) for other in trial.candidates if other != candidate]
        together = f"; only together with {' and '.join(rest)}" if rest else ""
        yield _advised(trial, candidate, f"{trial.reason}{together}{_character(trial, candidate)}")


def _character(trial: Trial, candidate: Candidate) -> str:
    """What is to be known of an index that is recommended."""
    if trial.outcome not in (Outcome.PROVED, Outcome.ESTIMATED):
        return ""
    if candidate.method == "brin":
        column = candidate.keys[0].column
        return f"; it pays as long as rows are written in the order of {column}"
    if not trial.is_covering:
        return ""
    text = "; it has all that its statements read of the table"
    idle = " and ".join(index.name for index in left_idle(trial.relation, candidate))
    return f"{text}, and leaves nothing to do for {idle}" if idle else text


def _advised(trial: Trial, candidate: Candidate, reason: str) -> AdvisedIndex:
    model = trial.model
    concurrently = may_build_concurrently(trial.relation)
    if takes_indexes(model):
        migration = migration_code([candidate], model, concurrently=concurrently)
        code = f"{meta_code([candidate], model)}\n\n\n{migration}"
    else:
        code = statement_code([candidate], model, concurrently=concurrently)
    return AdvisedIndex(
        title=index_expression(candidate, model),
        model=model.label if model is not None else candidate.table,
        outcome=trial.outcome,
        reason=reason,
        code=code,
        bytes=trial.bytes.get(candidate),
        build_ns=trial.build_ns,
        insert_ns=trial.insert_ns.get(candidate),
        value_sets=trial.sets,
        served=tuple(
            _served(
                asked,
                trial.compared.get(asked.fingerprint),
                trial.estimated.get(asked.fingerprint),
            )
            for asked in trial.asked
            if _is_served(trial, candidate, asked)
        ),
    )


def _is_served(trial: Trial, candidate: Candidate, asked: Asked) -> bool:
    """Of several that were built together, whether this one is used by a statement."""
    if trial.outcome is not Outcome.PROVED or len(trial.candidates) < 2:
        return True
    name = index_name(candidate)
    return any(name in c.used for c in trial.compared.get(asked.fingerprint, ()))


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
        at_most=None,
        before_cost=costs[0] if costs is not None else None,
        after_cost=costs[1] if costs is not None else None,
    )
    if not compared:
        return found
    return replace(
        found,
        before_ns=round(fmean(c.before_ns for c in compared)),
        after_ns=round(fmean(c.after_ns for c in compared)),
        at_least=min(c.at_least for c in compared),
        at_most=max(c.at_most for c in compared),
    )
