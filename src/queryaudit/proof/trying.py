"""What all ways to try a workload's indexes have in common, whoever says that one pays.

Each is tried with those in place that were taken before, so that two are not recommended for what
one does; at the end each must still be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from queryaudit.advice.redundant import redundant
from queryaudit.errors import LostConnectionError
from queryaudit.proof.budget import Budget
from queryaudit.proof.trials import Advice, Trial, advised, proposed, serving
from queryaudit.records.advised import Outcome, TriedDrop
from queryaudit.records.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """For which statements indexes are looked for, what they may cost, and who hears of it."""

    workload: Workload
    alias: str
    small_table: int
    budget: Budget = field(default_factory=Budget)
    told: Callable[[str], None] = lambda _: None


class Trying(Protocol):
    """A way to try indexes: by execution, or by the planner's word."""

    def all(self, trials: Sequence[Trial]) -> None:
        """Bring each trial to its end."""

    def drops(self) -> Iterator[TriedDrop]:
        """What becomes of redundant indexes, when all trials are at their end."""

    def broken_off(self, trials: Sequence[Trial]) -> None:
        """Say of each trial what is known of it now."""


def advise(task: Task, trying: Callable[[], Trying] | None) -> Advice:
    """Every candidate with its outcome. Without ``trying`` nothing is tried."""
    trials = proposed(task.workload, task.alias, task.small_table)
    drops: list[TriedDrop] = []
    interruption = ""
    if trying is not None and (trials or _has_redundant(task)):
        way = trying()
        is_done = False
        try:
            way.all(trials)
            is_done = True
            drops.extend(way.drops())
        except (KeyboardInterrupt, LostConnectionError) as error:
            if not is_done:
                way.broken_off(trials)
            lost = isinstance(error, LostConnectionError)
            interruption = (
                "the connection to the database was lost" if lost else "it was interrupted"
            )
    indexes = tuple(index for trial in trials for index in advised(trial))
    return Advice(indexes, interruption, tuple(drops))


def _has_redundant(task: Task) -> bool:
    relations = task.workload.relations.get(task.alias, {})
    return any(True for relation in relations.values() for _ in redundant(relation))


class Taken(list[Trial]):
    """The trials that ended well so far, within the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def admits(self, trial: Trial) -> bool:
        """Whether a trial is worth its while; else it ends. Keeps those of its candidates that
        are not there yet."""
        missing = trial.missing(self)
        if not missing:
            trial.end(Outcome.REFUTED, f"served as well by {serving(trial, self)}")
            return False
        trial.candidates = missing
        return self.fits(trial)

    def fits(self, trial: Trial) -> bool:
        """Whether there is room for it, beside those that it does not replace; else it ends."""
        refused = self._refusal(trial)
        if refused:
            trial.end(Outcome.UNKNOWN, refused)
        return not refused

    def _refusal(self, trial: Trial) -> str:
        if trial.relation.partitions:
            return "the table is partitioned, and indexes are tried on others only"
        there = [known for known in self if not trial.replaces(known)]
        number = sum(len(other.candidates) for other in there)
        if number + len(trial.candidates) > self._budget.max_indexes:
            return "there are as many indexes as were allowed"
        if sum(sum(t.bytes.values()) for t in (*there, trial)) > self._budget.max_bytes:
            return "it would take more space than was allowed"
        return ""
