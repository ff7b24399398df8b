"""Explains what a unit of work asked, as it ends: its data may be gone a moment later.

Implements the recorder's ``Sampler``. Parameters are kept in memory only, one set for each
statement of a running unit of work, and are let go of when it ends.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from queryaudit.plans import catalogue, postgres, sqlite
from queryaudit.plans.django_server import DjangoServer
from queryaudit.plans.policy import Permission, permission
from queryaudit.plans.server import Limits, Server
from queryaudit.records.plans import Explaining, Plan, PlanMode, Relation
from queryaudit.sql.statement import parse

#: Statements of one unit of work whose parameters are kept, and parameters of one.
MAX_SAMPLES = 500
MAX_PARAMETERS = 1_000
#: Distinct statements explained in a run.
MAX_PLANS = 5_000
#: A statement is explained again when it took this many times longer, and so often at most.
_SLOWER = 4
_AGAIN = 3
_SLOW_NS = 1_000_000
#: Executions that read an empty table, or were refused, are not counted, up to so many.
_IN_VAIN = 10


class Ending(Protocol):
    """What is asked of a unit of work."""

    id: int

    @property
    def parent(self) -> Any: ...


class _Sample(NamedTuple):
    """One execution of a statement: the slowest of its unit of work."""

    statement: int
    sql: str
    params: Any
    duration_ns: int
    connection: Any


class Explainer:
    """``define`` takes the rows that come out, ``failed`` what goes wrong on our side."""

    def __init__(
        self,
        define: Callable[[Explaining | Plan | Relation], None],
        failed: Callable[[str, Exception], None],
        mode: PlanMode,
        limits: Limits | None = None,
    ) -> None:
        self._define = define
        self._failed = failed
        self._mode = mode
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._samples: dict[int, dict[int, _Sample]] = {}
        #: by fingerprint: how long the explained execution took, and how often it was explained
        self._explained: dict[str, tuple[int, int]] = {}
        #: by fingerprint: how often an empty table was read, or the server refused
        self._in_vain: Counter[str] = Counter()
        #: of the texts that were met: those that differ in a LIMIT are one statement
        self._fingerprints: dict[int, str] = {}
        define(Explaining(mode))

    def keep(
        self, scope: int, statement: int, sql: str, params: Any, duration_ns: int, connection: Any
    ) -> None:
        """Remember an execution if it is the slowest so far. On the hot path."""
        samples = self._samples.get(scope)
        if samples is None:
            samples = self._samples[scope] = {}
        known = samples.get(statement)
        if known is not None:
            if known.duration_ns >= duration_ns:
                return
        elif len(samples) >= MAX_SAMPLES or not self._is_news(statement, duration_ns):
            return
        if params is not None and len(params) > MAX_PARAMETERS:
            return
        kept = tuple(params) if isinstance(params, list) else params
        samples[statement] = _Sample(statement, sql, kept, duration_ns, connection)

    def ending(self, scope: Ending) -> None:
        """Explain what ``scope`` asked on connections of this thread; the rest waits for the
        unit of work around it."""
        samples = self._samples.pop(scope.id, None)
        if not samples:
            return
        try:
            self._explain_all(scope, samples)
        except Exception as ours:  # noqa: BLE001 - the first wall
            self._failed("explain", ours)

    def _explain_all(self, scope: Ending, samples: dict[int, _Sample]) -> None:
        with self._lock:
            touched: dict[str, tuple[Server, list[Plan]]] = {}
            # The slowest first: it stands for the texts that are alike.
            for sample in sorted(samples.values(), key=lambda s: -s.duration_ns):
                if sample.statement not in self._fingerprints:
                    self._fingerprints[sample.statement] = parse(sample.sql).fingerprint
                if not self._is_news(sample.statement, sample.duration_ns):
                    continue
                server = DjangoServer.current(sample.connection.alias, sample.connection)
                if server is None:
                    self._hand_up(scope, sample)
                    continue
                plan = self._explain(server, sample)
                if plan is None:
                    continue
                self._define(plan)
                touched.setdefault(plan.alias, (server, []))[1].append(plan)
            for alias, (asked, found) in touched.items():
                self._read_catalogue(asked, found, alias)

    def _is_news(self, statement: int, duration_ns: int) -> bool:
        known = self._explained.get(self._fingerprints.get(statement, ""))
        if known is None:
            return len(self._explained) < MAX_PLANS
        took, times = known
        return times < _AGAIN and duration_ns > _SLOW_NS and duration_ns > took * _SLOWER

    def _hand_up(self, scope: Ending, sample: _Sample) -> None:
        parent = scope.parent
        if parent is not None and not parent.ended:
            self._samples.setdefault(parent.id, {}).setdefault(sample.statement, sample)

    def _explain(self, server: Server, sample: _Sample) -> Plan | None:
        key = self._fingerprints[sample.statement]
        times = self._explained.get(key, (0, 0))[1]
        self._explained[key] = (sample.duration_ns, times + 1)
        permitted = permission(sample.sql, self._mode, server.vendor)
        alias = sample.connection.alias
        if permitted.mode is PlanMode.REFUSED:
            reason = permitted.reason
            return postgres.refused(sample.statement, alias, reason) if reason else None
        if permitted.mode is PlanMode.ANALYZED and sample.duration_ns > self._execution_ns():
            permitted = Permission(PlanMode.PLANNED, "it took too long to be executed again")
        plan = explained(server, sample, permitted, self._limits, alias)
        if _says_nothing(plan) and self._in_vain[key] < _IN_VAIN:
            self._in_vain[key] += 1
            # The next one may find the table filled, or a server that is less busy.
            del self._explained[key]
        return plan

    def _execution_ns(self) -> int:
        return self._limits.statement_ms * 1_000_000 // 2

    def _read_catalogue(self, server: Server, plans: list[Plan], alias: str) -> None:
        names = {(n.schema, n.relation) for plan in plans for n in plan.nodes if n.relation}
        with server.guarded(self._limits):
            names |= catalogue.children(server, catalogue.deleted_from(plans))
            for relation in catalogue.relations(server, names, alias):
                self._define(relation)


def _says_nothing(plan: Plan) -> bool:
    """Whether there is none, or a table was read from end to end, and was empty."""
    if plan.mode is PlanMode.REFUSED:
        return True
    return plan.mode is PlanMode.ANALYZED and any(
        node.kind == "Seq Scan" and node.loops and not node.actual_rows and not node.removed
        for node in plan.nodes
    )


def explained(
    server: Server, sample: _Sample, permitted: Permission, limits: Limits, alias: str
) -> Plan:
    """The plan of one execution: executed again if permitted, planned if that fails."""
    try:
        with server.guarded(limits):
            if server.vendor == "sqlite":
                return sqlite.explain(
                    server, sample.sql, sample.params, id=sample.statement, alias=alias
                )
            return postgres.explain(
                server, sample.sql, sample.params, permitted, id=sample.statement, alias=alias
            )
    except Exception as error:  # noqa: BLE001 - whatever a driver raises
        if permitted.mode is PlanMode.ANALYZED:
            why = f"executing it again ended in {type(error).__name__}"
            again = Permission(PlanMode.PLANNED, why)
            return explained(server, sample, again, limits.planning(), alias)
        return postgres.refused(sample.statement, alias, error)
