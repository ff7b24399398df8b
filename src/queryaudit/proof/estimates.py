"""Which indexes a workload should have, by the planner's word: nothing is executed.

Greedy: the candidate that saves most is taken, then each of the others must save more with that in
place. At the end each must still be missed. An estimate is believed from a factor of two on; below
that its sign has been found to be unreliable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from queryaudit.errors import LostConnectionError
from queryaudit.plans.server import first_line
from queryaudit.proof.budget import Budget
from queryaudit.proof.clones import Built
from queryaudit.proof.pricing import Priced, Pricer, Prices
from queryaudit.proof.trials import (
    Advice,
    Trial,
    advised,
    broken_off_by,
    proposed,
    refusal,
    serving,
    weight,
)
from queryaudit.proof.what_if import WhatIf
from queryaudit.records.advised import Outcome
from queryaudit.records.workload import Asked, Workload

#: What an index must save of a statement's cost, as a factor.
CHEAPER = 2.0
#: A table's statements that are planned with each of its candidates: the dearest.
_STATEMENTS = 50
#: What a write to an index is charged with, in the planner's units.
_WRITE = {"gin": 10.0, "brin": 0.1}


def estimate(
    what_if: WhatIf,
    workload: Workload,
    texts: Mapping[str, str],
    *,
    alias: str,
    small_table: int,
    budget: Budget,
    told: Callable[[str], None],
) -> Advice:
    """Every candidate with its outcome: estimated, refuted or unknown; none is ever proved."""
    trials = proposed(workload, alias, small_table)
    interruption = ""
    if trials:
        pricer = Pricer(what_if, texts)
        estimator = _Estimator(pricer, what_if.place, workload, alias, budget, told)
        try:
            with what_if.trying():
                estimator.choose(trials)
        except (KeyboardInterrupt, LostConnectionError) as error:
            interruption = broken_off_by(error)
        estimator.tell(trials)
    return Advice(tuple(index for trial in trials for index in advised(trial)), interruption)


class _Estimator:
    """Plans with indexes that are there for a moment."""

    def __init__(
        self,
        pricer: Pricer,
        place: str,
        workload: Workload,
        alias: str,
        budget: Budget,
        told: Callable[[str], None],
    ) -> None:
        self._pricer = pricer
        self._place = place
        self._workload = workload
        self._alias = alias
        self._budget = budget
        self._told = told
        self._chosen: list[tuple[Trial, tuple[Built, ...]]] = []
        self._prices: dict[str, Priced] = {}
        self._first: dict[str, Priced] = {}
        self._readers = _readers(workload, alias)

    def choose(self, trials: Sequence[Trial]) -> None:
        left = [*trials]
        concerned = {a.fingerprint: a for trial in trials for a in self._concerned(trial)}
        self._first = self._pricer.prices([*concerned.values()])
        self._prices = {**self._first}
        # What a candidate saves only shrinks as others are taken: those that saved most come first.
        gains = {id(trial): float("inf") for trial in trials}
        while left:
            left.sort(key=lambda t: (t.turn, -gains[id(t)], t.words))
            trial = left[0]
            self._told(f"{len(trials) - len(left) + 1}/{len(trials)} {trial.name}")
            gain, after, built = self._with(trial)
            gains[id(trial)] = gain
            if not built:
                left.remove(trial)
                continue
            if any(gains[id(o)] > gain and o.turn == trial.turn for o in left[1:]):
                self._pricer.remove(built)
                continue
            left.remove(trial)
            self._chosen.append((trial, built))
            self._prices.update(after)
        self._leave_out()

    def tell(self, trials: Sequence[Trial]) -> None:
        """The costs of those that were chosen. To others the run did not come if it broke off."""
        chosen = [trial for trial, _ in self._chosen]
        for trial in trials:
            if trial in chosen:
                keys = [asked.fingerprint for asked in trial.asked]
                trial.estimated = {
                    key: (self._first[key].cost, self._prices[key].cost) for key in keys
                }
            elif trial.outcome in (Outcome.IDEA, Outcome.ESTIMATED):
                trial.break_off()

    def _with(self, trial: Trial) -> tuple[float, Prices, tuple[Built, ...]]:
        """What a candidate saves with those in place that were chosen. Refused, it is removed."""
        others = [known for known, _ in self._chosen]
        missing = trial.missing(others)
        if not missing:
            reason = f"served as well by {serving(trial, others)}"
            return self._end(trial, Outcome.REFUTED, reason)
        trial.candidates = missing
        refused = self._refusal(trial)
        if refused:
            return self._end(trial, Outcome.UNKNOWN, refused)
        try:
            built = self._pricer.add(trial)
        except LostConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            return self._end(trial, Outcome.UNKNOWN, f"it could not be tried: {first_line(error)}")
        trial.bytes = {c: each.bytes for c, each in zip(missing, built, strict=True)}
        concerned = self._concerned(trial)
        after = self._pricer.prices(concerned)
        gain, wrong = self._judged(trial, concerned, after, {each.name for each in built})
        refused = self._refusal(trial)
        if wrong or refused:
            self._pricer.remove(built)
            outcome = Outcome.REFUTED if wrong else Outcome.UNKNOWN
            return self._end(trial, outcome, wrong or refused)
        trial.end(Outcome.ESTIMATED, f"planned {self._place}, not executed")
        return gain, after, built

    def _refusal(self, trial: Trial) -> str:
        there = [known for known, _ in self._chosen if not trial.replaces(known)]
        return refusal(trial, there, self._budget)

    def _judged(
        self, trial: Trial, concerned: Sequence[Asked], after: Prices, names: set[str]
    ) -> tuple[float, str]:
        """What it saves in all, and why that is too little."""
        before = self._prices
        used = [asked for asked in concerned if names <= after[asked.fingerprint].used]
        pairs = {a.fingerprint: (before[a.fingerprint], after[a.fingerprint]) for a in used}
        gain = sum(
            a.calls * (old.cost - new.cost) for a in used for old, new in [pairs[a.fingerprint]]
        )
        writes = self._workload.writes(self._alias, trial.table)
        gain -= writes * sum(_WRITE.get(c.method, 1.0) for c in trial.candidates)
        if not used:
            return gain, "the planner does not use it"
        if not any(old.cost >= new.cost * CHEAPER for old, new in pairs.values()):
            return gain, "it is used, but does not halve the cost of a statement"
        if gain <= 0:
            return gain, "what it saves is less than what its writes cost"
        return gain, ""

    def _end(
        self, trial: Trial, outcome: Outcome, reason: str
    ) -> tuple[float, Prices, tuple[Built, ...]]:
        trial.end(outcome, reason)
        return 0.0, {}, ()

    def _leave_out(self) -> None:
        """Those that are not missed with all the others in place."""
        if len(self._chosen) < 2:
            return
        for trial, built in [*self._chosen]:
            self._pricer.remove(built)
            without = self._pricer.prices(self._concerned(trial))
            if any(each.cost >= self._prices[key].cost * CHEAPER for key, each in without.items()):
                again = self._pricer.add(trial)
                self._chosen[self._chosen.index((trial, built))] = (trial, again)
                continue
            trial.end(Outcome.REFUTED, "with the other indexes in place it is not missed")
            self._chosen.remove((trial, built))
            self._prices.update(without)

    def _concerned(self, trial: Trial) -> list[Asked]:
        """Its own statements, and the dearest others that read its table."""
        own = {asked.fingerprint for asked in trial.asked}
        others = [a for a in self._readers.get(trial.table, ()) if a.fingerprint not in own]
        return [*trial.asked, *others[:_STATEMENTS]]


def _readers(workload: Workload, alias: str) -> dict[str, list[Asked]]:
    """The statements that read each table, the dearest first."""
    found: dict[str, list[Asked]] = {}
    for asked in sorted(workload.statements, key=lambda a: (-weight([a]), a.fingerprint)):
        if asked.alias == alias and asked.plan is not None:
            for table in sorted({node.relation for node in asked.plan.nodes if node.relation}):
                found.setdefault(table, []).append(asked)
    return found
