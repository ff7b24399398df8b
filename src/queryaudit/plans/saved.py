"""Explains the statements of saved traces on a database that the user named.

A trace holds no values, so PostgreSQL plans for any, and what is skewed does not show. Nothing
is executed but questions to the catalogue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from queryaudit.plans import catalogue, postgres, sqlite
from queryaudit.plans.generic import GenericPlanner
from queryaudit.plans.policy import permission
from queryaudit.plans.server import Limits, Server
from queryaudit.plans.verbosity import is_verbose, verbose
from queryaudit.records.definitions import SqlText
from queryaudit.records.events import Header
from queryaudit.records.findings import Diagnostic
from queryaudit.records.plans import Explaining, Plan, PlanMode, Relation
from queryaudit.sql.statement import Statements

#: Statements that are explained in one transaction, which holds a lock of readers on their tables.
_TOGETHER = 50


#: Whether a text was asked on the database in question.
Asked = Callable[[str], bool]


def _anything(_: str) -> bool:
    return True


class Definitions(Protocol):
    """What is read and filled of a trace's tables."""

    header: Header | None
    sql: dict[int, SqlText]
    explaining: Explaining | None
    plans: list[Plan]
    relations: list[Relation]


class SavedPlanner:
    """Plans for statements that were asked on ``alias``; each distinct one is asked for once."""

    def __init__(
        self,
        server: Server,
        alias: str,
        limits: Limits | None = None,
        *,
        place: str = "",
        scans: Mapping[catalogue.Name, int | None] | None = None,
    ) -> None:
        """``place`` is said with every plan; ``scans`` of indexes take the place of the server's
        where it is not that one which serves the application."""
        self._server = server
        self._generic = GenericPlanner(server) if server.vendor == "postgresql" else None
        self.alias = alias
        self._limits = limits or Limits()
        self._plans: dict[str, Plan | None] = {}
        #: Text and limit of those that were not asked for yet.
        self._wanted: dict[str, tuple[str, int | None]] = {}
        self._statements = Statements()
        #: The statements by fingerprint, as they were asked.
        self.texts: dict[str, str] = {}
        self._relations: dict[catalogue.Name, Relation] = {}
        self._place = place
        self._time_zone = ""
        self._scans = scans

    def begin(self, tables: Definitions) -> None:
        """Before the first unit of work: who asks what is to be gathered."""
        tables.explaining = Explaining(PlanMode.GENERIC)

    def fill(self, tables: Definitions, asked: Asked = _anything) -> None:
        """After the last one: plans of this database take the place of those in the trace, for
        the statements that were ``asked``."""
        tables.plans = []
        self._complete(tables, asked)

    def complete(self, tables: Definitions, alias: str) -> None:
        """Plans for the statements that have none, and the catalogue for all; they were asked
        on ``alias``."""
        if alias == self.alias:
            self._complete(tables, _anything)

    def _complete(self, tables: Definitions, asked: Asked) -> None:
        known = {plan.sql: plan for plan in tables.plans}
        tables.plans = []
        self._time_zone = tables.header.time_zone if tables.header is not None else ""
        texts = [
            (id, postgres.with_zone(row.text, self._time_zone))
            for id, row in sorted(tables.sql.items())
            if asked(row.text)
        ]
        for id, text in texts:
            if not _is_told(known.get(id)):
                self._want(text)
        self._ask()
        for id, text in texts:
            plan = self._best(text, known.get(id))
            if plan is not None:
                tables.plans.append(plan._replace(sql=id))
        names = {(node.schema, node.relation) for plan in tables.plans for node in plan.nodes}
        missing = {name for name in names if name[1]} - self._relations.keys()
        with self._server.guarded(self._limits):
            missing |= catalogue.children(self._server, catalogue.deleted_from(tables.plans))
            found = catalogue.relations(self._server, missing, self.alias)
        self._relations.update({(r.schema, r.name): self._counted(r) for r in found})
        tables.relations = [*self._relations.values()]

    def _best(self, text: str, known: Plan | None) -> Plan | None:
        """``known``, unless it does not say which table is meant (without VERBOSE)."""
        key = self._statements.of(text).fingerprint
        self.texts.setdefault(key, text)
        if _is_told(known):
            return known
        found = self._plans[key]
        return found if known is None else verbose(known, found)

    def diagnostics(self) -> list[Diagnostic]:
        """That some statements were refused, with the reasons and how many they are."""
        reasons = Counter(p.reason for p in self._plans.values() if p and not p.mode)
        if not reasons:
            return []
        most = ", ".join(
            f"{reason.removeprefix('the server refused: ')} ({number:,})"
            for reason, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        )
        return [
            Diagnostic(
                slug="not-planned",
                message=f"{sum(reasons.values()):,} of {len(self._plans):,} statements could not "
                f"be planned, and are not judged: {most}.",
                hint="Is it the right database, with the tables and rights of the application?",
            )
        ]

    def _want(self, text: str) -> None:
        statement = self._statements.of(text)
        key = statement.fingerprint
        if key not in self._plans and key not in self._wanted:
            self._wanted[key] = (text, statement.limit)

    def _ask(self) -> None:
        """Ask for the plans that are wanted, many in one transaction: with small statements the
        ways to the server are what takes time. One that is refused ends its transaction."""
        while self._wanted:
            with self._server.guarded(self._limits):
                for key in [*self._wanted][:_TOGETHER]:
                    text, limit = self._wanted.pop(key)
                    self.texts[key] = text
                    plan = self._plans[key] = self._explained(text, limit)
                    if plan is not None and plan.mode is PlanMode.REFUSED:
                        break

    def _explained(self, sql: str, limit: int | None) -> Plan | None:
        permitted = permission(sql, PlanMode.GENERIC, self._server.vendor)
        if permitted.mode is PlanMode.REFUSED:
            return None
        try:
            if self._generic is None:
                unknown = (None,) * sqlite.placeholders(sql)
                return sqlite.explain(self._server, sql, unknown, id=0, alias=self.alias)
            plan = self._generic.plan(postgres.numbered(sql), limit, id=0, alias=self.alias)
            return plan._replace(reason=self._place)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            return postgres.refused(0, self.alias, error)

    def _counted(self, relation: Relation) -> Relation:
        relation = relation._replace(time_zone=self._time_zone)
        scans = self._scans
        if scans is None:
            return relation
        place = relation.schema
        indexes = tuple(i._replace(scans=scans.get((place, i.name))) for i in relation.indexes)
        return relation._replace(indexes=indexes)


def _is_told(plan: Plan | None) -> bool:
    """Whether there is a plan that says which tables it means."""
    return plan is not None and is_verbose(plan)
