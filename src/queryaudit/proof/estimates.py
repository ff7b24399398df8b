"""Which indexes a workload should have, by the planner's word: nothing is executed.

Greedy: the candidate that saves most is taken, then each of the others must save more with that in
place. At the end each must still be missed. An estimate is believed from a factor of two on; below
that its sign has been found to be unreliable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from queryaudit.advice.index_code import index_name
from queryaudit.plans.policy import permission
from queryaudit.plans.postgres import numbered
from queryaudit.plans.server import first_line
from queryaudit.proof.block_costs import overcharged
from queryaudit.proof.budget import Budget
from queryaudit.proof.clones import Built
from queryaudit.proof.trials import Trial, advised, proposed, weight
from queryaudit.proof.values import statistical_sets, value_sets
from queryaudit.proof.what_if import WhatIf
from queryaudit.records.advised import AdvisedIndex, Outcome
from queryaudit.records.plans import PlanMode, Relation
from queryaudit.records.workload import Asked, Workload

#: What an index must save of a statement's cost, as a factor.
CHEAPER = 2.0
#: A table's statements that are planned with each of its candidates: the dearest.
_STATEMENTS = 50
#: What a write to an index is charged with, in the planner's units.
_WRITE = {"gin": 10.0, "brin": 0.1}


class Priced(NamedTuple):
    """What a statement costs, and the indexes that its plans use."""

    cost: float
    used: frozenset[str]


Prices = Mapping[str, Priced]


def estimate(
    what_if: WhatIf,
    workload: Workload,
    texts: Mapping[str, str],
    *,
    alias: str,
    small_table: int,
    budget: Budget,
    told: Callable[[str], None],
) -> tuple[AdvisedIndex, ...]:
    """Every candidate with its outcome: estimated, refuted or unknown; none is ever proved."""
    trials = proposed(workload, alias, small_table)
    if trials:
        with what_if.trying():
            _Estimator(what_if, workload, texts, alias, budget, told).choose(trials)
    return tuple(index for trial in trials for index in advised(trial))


class _Estimator:
    """Plans with indexes that are there for a moment."""

    def __init__(
        self,
        what_if: WhatIf,
        workload: Workload,
        texts: Mapping[str, str],
        alias: str,
        budget: Budget,
        told: Callable[[str], None],
    ) -> None:
        self._what_if = what_if
        self._workload = workload
        self._texts = texts
        self._alias = alias
        self._budget = budget
        self._told = told
        self._sets: dict[str, list[tuple[Any, ...]]] = {}
        self._chosen: list[tuple[Trial, tuple[Built, ...]]] = []
        self._first: dict[str, Priced] = {}
        #: indexes of block ranges, by name
        self._blocks: dict[str, Relation] = {}

    def choose(self, trials: Sequence[Trial]) -> None:
        left = [*trials]
        self._blocks = {
            index_name(candidate): trial.relation
            for trial in trials
            for candidate in trial.candidates
            if candidate.method == "brin"
        }
        prices = {
            asked.fingerprint: self._price(asked)
            for trial in trials
            for asked in self._concerned(trial)
        }
        self._first.update(prices)
        # What a candidate saves only shrinks as others are taken: those that saved most come first.
        gains = {id(trial): float("inf") for trial in trials}
        while left:
            left.sort(key=lambda t: (t.turn, -gains[id(t)], t.words))
            trial = left[0]
            self._told(f"{len(trials) - len(left) + 1}/{len(trials)} {trial.name}")
            gain, after, built = self._with(trial, prices)
            gains[id(trial)] = gain
            if not built:
                left.remove(trial)
                continue
            if any(gains[id(o)] > gain and o.turn == trial.turn for o in left[1:]):
                self._remove(built)
                continue
            left.remove(trial)
            self._chosen.append((trial, built))
            prices.update(after)
        self._leave_out(prices)
        for trial, _ in self._chosen:
            trial.estimated = {
                asked.fingerprint: (
                    self._first[asked.fingerprint].cost,
                    prices[asked.fingerprint].cost,
                )
                for asked in trial.asked
            }

    def _with(self, trial: Trial, prices: Prices) -> tuple[float, Prices, tuple[Built, ...]]:
        """What a candidate saves with those in place that were chosen. Refused, it is removed."""
        missing = trial.missing(known for known, _ in self._chosen)
        if not missing:
            return self._end(trial, Outcome.REFUTED, f"served as well by {self._serving(trial)}")
        there = [built for known, built in self._chosen if not trial.replaces(known)]
        if sum(map(len, there)) + len(missing) > self._budget.max_indexes:
            return self._end(trial, Outcome.UNKNOWN, "there are as many indexes as were allowed")
        trial.candidates = missing
        try:
            with self._saved():
                built = self._add(trial)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            return self._end(trial, Outcome.UNKNOWN, f"it could not be tried: {first_line(error)}")
        trial.bytes = {c: each.bytes for c, each in zip(missing, built, strict=True)}
        names = {each.name for each in built}
        concerned = self._concerned(trial)
        after = {asked.fingerprint: self._price(asked) for asked in concerned}
        used = [asked for asked in concerned if names <= after[asked.fingerprint].used]
        halved = [
            asked
            for asked in used
            if prices[asked.fingerprint].cost >= after[asked.fingerprint].cost * CHEAPER
        ]
        gain = sum(
            asked.calls * (prices[asked.fingerprint].cost - after[asked.fingerprint].cost)
            for asked in used
        )
        writes = self._workload.writes(self._alias, trial.table)
        gain -= writes * sum(_WRITE.get(candidate.method, 1.0) for candidate in missing)
        taken = sum(each.bytes for _, known in self._chosen for each in known)
        wrong = None
        if not used:
            wrong = (Outcome.REFUTED, "the planner does not use it")
        elif not halved:
            wrong = (Outcome.REFUTED, "it is used, but does not halve the cost of a statement")
        elif gain <= 0:
            wrong = (Outcome.REFUTED, "what it saves is less than what its writes cost")
        elif taken + sum(trial.bytes.values()) > self._budget.max_bytes:
            wrong = (Outcome.UNKNOWN, "it would take more space than was allowed")
        if wrong is not None:
            self._remove(built)
            return self._end(trial, *wrong)
        trial.end(Outcome.ESTIMATED, f"planned {self._what_if.place}, not executed")
        return gain, after, built

    def _end(
        self, trial: Trial, outcome: Outcome, reason: str
    ) -> tuple[float, Prices, tuple[Built, ...]]:
        trial.end(outcome, reason)
        return 0.0, {}, ()

    def _serving(self, trial: Trial) -> str:
        return " and ".join(
            t.name for t, _ in self._chosen if trial.missing([t]) != trial.candidates
        )

    def _add(self, trial: Trial) -> tuple[Built, ...]:
        return tuple(self._what_if.add(c, trial.relation) for c in trial.candidates)

    def _remove(self, built: Sequence[Built]) -> None:
        for each in built:
            self._what_if.remove(each)

    def _leave_out(self, prices: dict[str, Priced]) -> None:
        """Those that are not missed with all the others in place."""
        if len(self._chosen) < 2:
            return
        for trial, built in [*self._chosen]:
            self._remove(built)
            without = {a.fingerprint: self._price(a) for a in self._concerned(trial)}
            if any(found.cost >= prices[key].cost * CHEAPER for key, found in without.items()):
                again = self._add(trial)
                self._chosen[self._chosen.index((trial, built))] = (trial, again)
                continue
            trial.end(Outcome.REFUTED, "with the other indexes in place it is not missed")
            self._chosen.remove((trial, built))
            prices.update(without)

    def _concerned(self, trial: Trial) -> list[Asked]:
        """Its own statements, and the dearest others that read its table."""
        table = trial.table
        others = [
            asked
            for asked in self._workload.statements
            if asked.alias == self._alias
            and asked.plan is not None
            and asked not in trial.asked
            and any(node.relation == table for node in asked.plan.nodes)
        ]
        others.sort(key=lambda asked: (-weight([asked]), asked.fingerprint))
        return [*trial.asked, *others[:_STATEMENTS]]

    def _price(self, asked: Asked) -> Priced:
        """The mean over any values and those that are known; 0 for what can't be planned."""
        sql = self._texts.get(asked.fingerprint)
        if sql is None or permission(sql, PlanMode.GENERIC, "postgresql").mode is PlanMode.REFUSED:
            return Priced(0.0, frozenset())
        found = []
        questions: list[tuple[str, Any]] = [
            (f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered(sql)}", None)
        ]
        questions += [
            (f"EXPLAIN (FORMAT JSON) {sql}", values) for values in self._values(asked, sql)
        ]
        for text, values in questions:
            try:
                with self._saved():
                    rows = self._what_if.server.run(text, values)
            except Exception:  # noqa: BLE001 - whatever a driver raises: these values are none
                continue
            root = rows[0][0]
            plan = (json.loads(root) if isinstance(root, str) else root)[0]["Plan"]
            cost = float(plan["Total Cost"]) - overcharged(plan, self._blocks)
            found.append((cost, frozenset(_indexes(plan))))
        if not found:
            return Priced(0.0, frozenset())
        mean = sum(cost for cost, _ in found) / len(found)
        return Priced(mean, frozenset().union(*(used for _, used in found)))

    def _values(self, asked: Asked, sql: str) -> list[tuple[Any, ...]]:
        if asked.fingerprint not in self._sets:
            server, plan = self._what_if.server, asked.plan
            sets = None
            if plan is not None:
                find = value_sets if self._what_if.samples_rows else statistical_sets
                with self._saved():
                    sets = find(server, sql, plan)
            # Without parameters there is one question, which has been asked already.
            self._sets[asked.fingerprint] = [s for s in sets or () if s]
        return self._sets[asked.fingerprint]

    @contextmanager
    def _saved(self) -> Iterator[None]:
        """What the server refuses does not end the transaction."""
        server = self._what_if.server
        server.run("SAVEPOINT queryaudit")
        try:
            yield
        except Exception:
            server.run("ROLLBACK TO SAVEPOINT queryaudit")
            raise
        server.run("RELEASE SAVEPOINT queryaudit")


def _indexes(plan: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in plan:
        yield str(plan["Index Name"])
    for child in plan.get("Plans", ()):
        yield from _indexes(child)
