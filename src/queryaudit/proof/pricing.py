"""What statements cost by the planner's word, with indexes that are there for a moment.

A price is found out once for the indexes that stand on a statement's tables, and is known again
when others come and go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from queryaudit.errors import LostConnectionError
from queryaudit.plans.generic import GenericPlanner
from queryaudit.plans.policy import permission
from queryaudit.plans.postgres import numbered
from queryaudit.proof.block_costs import overcharged
from queryaudit.proof.explained import Explained, explained, read
from queryaudit.proof.journal import Journal
from queryaudit.proof.laboratory import Built
from queryaudit.proof.postgres_values import sampled_sets, statistical_sets
from queryaudit.proof.trials import Trial
from queryaudit.proof.what_if import WhatIf
from queryaudit.records.plans import PlanMode, Relation
from queryaudit.records.workload import Asked

#: A way to plan a statement: for any values, or for some.
_Question = Callable[[], Explained]


class Priced(NamedTuple):
    """What a statement costs, and the indexes that its plans use."""

    cost: float
    used: frozenset[str]


Prices = Mapping[str, Priced]
#: By fingerprint and the indexes that stood on the statement's tables.
Planned = dict[tuple[str, frozenset[str]], Priced]
_UNKNOWN = Priced(0.0, frozenset())


_KEPT = "prices"


def keep(journal: Journal, planned: Planned) -> None:
    """Prices that were found together are written down together."""
    if planned:
        rows = [
            [fingerprint, sorted(there), price.cost, sorted(price.used)]
            for (fingerprint, there), price in planned.items()
        ]
        journal.keep([_KEPT, str(journal.found)], {"planned": rows})


def recalled(journal: Journal) -> Planned:
    """All prices that a journal has."""
    try:
        return {
            (str(fingerprint), frozenset(there)): Priced(float(cost), frozenset(used))
            for found in journal.each(_KEPT)
            for fingerprint, there, cost, used in found["planned"]
        }
    except (KeyError, TypeError, ValueError):
        return {}  # somebody else wrote it


class Pricer:
    """``texts`` are the statements by fingerprint as they were asked. What a journal has of an
    earlier run is not planned again."""

    def __init__(self, what_if: WhatIf, texts: Mapping[str, str], journal: Journal) -> None:
        self._what_if = what_if
        self._server = what_if.server
        self._generic = GenericPlanner(what_if.server)
        self._texts = texts
        self._questions: dict[str, list[_Question]] = {}
        #: the tables of the indexes that there are, by their names
        self._standing: dict[str, Relation] = {}
        self._blocks: dict[str, Relation] = {}
        self._journal = journal
        self._planned = recalled(journal)

    def add(self, trial: Trial) -> tuple[Built, ...]:
        """The indexes of a trial; all or none. What the driver raises passes through."""
        with self._what_if.asking():
            made = tuple(self._what_if.add(c, trial.relation) for c in trial.candidates)
        for candidate, each in zip(trial.candidates, made, strict=True):
            self._standing[each.name] = trial.relation
            if candidate.method == "brin":
                self._blocks[each.name] = trial.relation
        return made

    def remove(self, built: Sequence[Built]) -> None:
        for each in built:
            self._what_if.remove(each)
            del self._standing[each.name]

    def prices(self, statements: Sequence[Asked]) -> dict[str, Priced]:
        """By fingerprint, with the indexes that there are now."""
        found: dict[str, Priced] = {}
        new: Planned = {}
        for asked in statements:
            nodes = asked.plan.nodes if asked.plan is not None else ()
            tables = {node.relation for node in nodes}
            there = frozenset(n for n, table in self._standing.items() if table.name in tables)
            key = (asked.fingerprint, there)
            if key not in self._planned:
                new[key] = self._planned[key] = self._price(asked)
            found[asked.fingerprint] = self._planned[key]
        keep(self._journal, new)
        return found

    def _price(self, asked: Asked) -> Priced:
        """The mean over any values and those that are known; 0 for what can't be planned."""
        if asked.fingerprint not in self._questions:
            self._questions[asked.fingerprint] = self._asked(asked)
        plans = self._plans(self._questions[asked.fingerprint])
        if not plans:
            return _UNKNOWN
        costs = [plan.cost - overcharged(plan.plan, self._blocks) for plan in plans]
        used = frozenset().union(*(plan.indexes for plan in plans))
        return Priced(sum(costs) / len(costs), used)

    def _plans(self, questions: list[_Question]) -> list[Explained]:
        """Those that the server refuses are asked no more."""
        found = []
        for question in [*questions]:
            try:
                with self._what_if.asking():
                    found.append(question())
            except LostConnectionError:
                raise
            except Exception:  # noqa: BLE001 - whatever a driver raises: these values are none
                questions.remove(question)
        return found

    def _asked(self, asked: Asked) -> list[_Question]:
        sql, plan = self._texts.get(asked.fingerprint), asked.plan
        if sql is None or permission(sql, PlanMode.GENERIC, "postgresql").mode is PlanMode.REFUSED:
            return []
        sets: list[tuple[Any, ...]] | None = None
        if plan is not None:
            find = sampled_sets if self._what_if.samples_rows else statistical_sets
            with self._what_if.asking():
                sets = find(self._server, sql, plan)
        # Without parameters there is one question, which is asked already.
        known = (values for values in sets or () if values)
        return [
            partial(self._for_any, numbered(sql)),
            *(partial(explained, self._server, "COSTS", sql, values) for values in known),
        ]

    def _for_any(self, text: str) -> Explained:
        return read(self._generic.root(text, "COSTS"))
