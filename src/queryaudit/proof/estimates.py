"""Which indexes pay by the planner's word: nothing is executed.

Greedy: the candidate that saves most is taken, then each of the others must save more with that in
place. An estimate is believed from a factor of two on; below that its sign has been found to be
unreliable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from queryaudit.errors import LostConnectionError
from queryaudit.plans.server import RefusedError, first_line
from queryaudit.proof.journal import Journal
from queryaudit.proof.laboratory import Built
from queryaudit.proof.pricing import Priced, Pricer, Prices
from queryaudit.proof.trials import Trial, weight
from queryaudit.proof.trying import Taken, Task
from queryaudit.proof.what_if import WhatIf
from queryaudit.records.advised import Outcome, TriedDrop
from queryaudit.records.workload import Asked, Workload

#: What an index must save of a statement's cost, as a factor.
CHEAPER = 2.0
#: A table's statements that are planned with each of its candidates: the dearest.
_STATEMENTS = 50
#: What a write to an index is charged with, in the planner's units.
_WRITE = {"gin": 10.0, "brin": 0.1}
#: What came of a candidate that was refused.
_NOTHING: tuple[float, Prices, tuple[Built, ...]] = (0.0, {}, ())


class Estimating:
    """Plans with indexes that are there for a moment. Implements ``Trying``."""

    def __init__(
        self,
        what_if: WhatIf,
        texts: Mapping[str, str],
        task: Task,
        journal: Journal | None = None,
    ) -> None:
        self._what_if = what_if
        self._pricer = Pricer(what_if, texts, journal or Journal())
        self._task = task
        self._chosen = Taken(task.budget)
        self._built: dict[int, tuple[Built, ...]] = {}
        self._prices: dict[str, Priced] = {}
        self._first: dict[str, Priced] = {}
        self._readers = _readers(task.workload, task.alias)

    def all(self, trials: Sequence[Trial]) -> None:
        with self._what_if.trying():
            self._choose(trials)
            self._leave_out()
        self._tell()

    def drops(self) -> Iterator[TriedDrop]:
        """Nothing is executed: that a longer index serves as well is known without."""
        return iter(())

    def broken_off(self, trials: Sequence[Trial]) -> None:
        self._tell()
        for trial in trials:
            is_chosen = any(trial is known for known in self._chosen)
            is_idea = trial.outcome is Outcome.IDEA and not trial.reason
            if not is_chosen and (is_idea or trial.outcome is Outcome.ESTIMATED):
                trial.break_off()

    def _tell(self) -> None:
        """The costs of those that were chosen."""
        for trial in self._chosen:
            keys = [asked.fingerprint for asked in trial.asked]
            trial.estimated = {key: (self._first[key].cost, self._prices[key].cost) for key in keys}

    def _choose(self, trials: Sequence[Trial]) -> None:
        left = [*trials]
        concerned = {a.fingerprint: a for trial in trials for a in self._concerned(trial)}
        self._first = self._pricer.prices([*concerned.values()])
        self._prices = {**self._first}
        # What a candidate saves only shrinks as others are taken: those that saved most come first.
        gains = {id(trial): float("inf") for trial in trials}
        while left:
            left.sort(key=lambda t: (t.turn, -gains[id(t)], t.words))
            trial = left[0]
            self._task.told(f"{len(trials) - len(left) + 1}/{len(trials)} {trial.name}")
            gain, after, built = self._with(trial)
            gains[id(trial)] = gain
            if not built:
                left.remove(trial)
                continue
            if any(gains[id(o)] > gain and o.turn == trial.turn for o in left[1:]):
                self._pricer.remove(built)
                continue
            left.remove(trial)
            self._chosen.append(trial)
            self._built[id(trial)] = built
            self._prices.update(after)

    def _with(self, trial: Trial) -> tuple[float, Prices, tuple[Built, ...]]:
        """What a candidate saves with those in place that were chosen. Refused, it is removed."""
        if not self._chosen.admits(trial):
            return _NOTHING
        try:
            built = self._pricer.add(trial)
        except LostConnectionError:
            raise
        except RefusedError as refusal:
            trial.end(Outcome.IDEA, str(refusal))
            return _NOTHING
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            trial.end(Outcome.UNKNOWN, f"it could not be tried: {first_line(error)}")
            return _NOTHING
        trial.bytes = {c: each.bytes for c, each in zip(trial.candidates, built, strict=True)}
        concerned = self._concerned(trial)
        after = self._pricer.prices(concerned)
        gain, wrong = self._judged(trial, concerned, after, {each.name for each in built})
        if wrong:
            trial.end(Outcome.REFUTED, wrong)
        if wrong or not self._chosen.fits(trial):
            self._pricer.remove(built)
            return _NOTHING
        trial.end(Outcome.ESTIMATED, f"planned {self._what_if.place}, not executed")
        return gain, after, built

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
        writes = self._task.workload.writes(self._task.alias, trial.table)
        gain -= writes * sum(_WRITE.get(c.method, 1.0) for c in trial.candidates)
        if not used:
            return gain, "the planner does not use it"
        if not any(old.cost >= new.cost * CHEAPER for old, new in pairs.values()):
            return gain, "it is used, but does not halve the cost of a statement"
        if gain <= 0:
            return gain, "what it saves is less than what its writes cost"
        return gain, ""

    def _leave_out(self) -> None:
        """Those that are not missed with all the others in place."""
        if len(self._chosen) < 2:
            return
        for trial in [*self._chosen]:
            self._pricer.remove(self._built[id(trial)])
            without = self._pricer.prices(self._concerned(trial))
            if any(each.cost >= self._prices[key].cost * CHEAPER for key, each in without.items()):
                self._built[id(trial)] = self._pricer.add(trial)
                continue
            trial.end(Outcome.REFUTED, "with the other indexes in place it is not missed")
            self._chosen.remove(trial)
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
