"""All that was asked in a run, with the plans: what rules about the run as a whole look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from queryaudit.records.definitions import Frame, Model
from queryaudit.records.plan_shapes import PlanShape
from queryaudit.records.plans import Plan, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of the audited code that asked a statement."""

    frame: Frame  #: the innermost frame of the project's own
    calls: int
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A statement: texts with one fingerprint on one database."""

    alias: str
    fingerprint: str
    statement: str  #: normalised
    verb: str
    tables: tuple[str, ...]
    calls: int
    duration_ns: int
    plan: Plan | None
    sites: tuple[Site, ...]  #: in the audited code; a test's own queries have none


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Statements by what they are, tables by schema and name for each alias, models by table."""

    statements: tuple[Asked, ...]
    relations: Mapping[str, Mapping[tuple[str, str], Relation]] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    #: Plans that were accepted, by alias and fingerprint.
    before: Mapping[tuple[str, str], PlanShape] = field(default_factory=dict)

    def writes(self, alias: str, table: str) -> int:
        """Statements that wrote to a table."""
        return sum(
            asked.calls
            for asked in self.statements
            if asked.verb in ("INSERT", "UPDATE", "DELETE")
            and asked.alias == alias
            and asked.tables[:1] == (table,)
        )
