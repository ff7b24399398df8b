"""The planners of a run's databases: each for what was asked on its own alias."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from queryaudit.plans.saved import Definitions, SavedPlanner
from queryaudit.records.findings import Diagnostic
from queryaudit.sql.statement import Statements

#: The aliases on which each statement was asked so far, by its fingerprint.
Aliases = Callable[[], Mapping[str, Collection[str]]]


class Planners:
    """Several planners as one."""

    def __init__(self, planners: Sequence[SavedPlanner], aliases: Aliases) -> None:
        self._planners = {planner.alias: planner for planner in planners}
        self._aliases = aliases
        self._statements = Statements()

    def begin(self, tables: Definitions) -> None:
        for planner in self._planners.values():
            planner.begin(tables)

    def fill(self, tables: Definitions) -> None:
        """After the last unit of work: plans of these databases take the place of those in the
        trace."""
        plans, relations = [], []
        aliases = self._aliases()
        for planner in self._planners.values():
            planner.fill(tables, partial(self._is_asked, aliases, planner.alias))
            plans += tables.plans
            relations += tables.relations
        tables.plans, tables.relations = plans, relations

    def complete(self, tables: Definitions, alias: str) -> None:
        """Plans for those statements of ``alias`` that have none, and the catalogue for all."""
        for planner in self._planners.values():
            planner.complete(tables, alias)

    def diagnostics(self) -> list[Diagnostic]:
        elsewhere = Counter(
            alias
            for aliases in self._aliases().values()
            for alias in aliases
            if alias not in self._planners
        )
        told = [found for planner in self._planners.values() for found in planner.diagnostics()]
        if elsewhere:
            asked = ", ".join(f"{alias} ({n:,})" for alias, n in sorted(elsewhere.items()))
            told.append(
                Diagnostic(
                    slug="no-place-for-alias",
                    message=f"Nothing is said of statements of databases for which no place is "
                    f"named: {asked}.",
                    hint="Name one for each: alias=URL.",
                )
            )
        return told

    def _is_asked(self, aliases: Mapping[str, Collection[str]], alias: str, text: str) -> bool:
        """What was asked elsewhere only is not planned: its tables need not be there."""
        return alias in aliases.get(self._statements.of(text).fingerprint, (alias,))
