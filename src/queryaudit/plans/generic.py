"""Plans for any values, which is all that can be asked of a text without them.

From version 16 on PostgreSQL has an option of EXPLAIN for it. Before, a prepared statement has
such a plan: it is prepared, explained with NULL in the place of each value, which the plan does not
look at, and forgotten, in a savepoint that takes the settings for it back.
"""

from __future__ import annotations

from queryaudit.errors import DatabaseError
from queryaudit.plans.postgres import read_on, root_of, version
from queryaudit.plans.server import Server
from queryaudit.plans.tree import Json, nodes
from queryaudit.records.plans import Plan, PlanMode

_OLDEST = 140_000
#: From here on a statement with ``$1`` is explained as it is.
_EXPLAINED_SINCE = 160_000

_NAME = "queryaudit_generic"
_GENERIC = "SET LOCAL plan_cache_mode = force_generic_plan"
_UNPRUNED = f"{_GENERIC}; SET LOCAL enable_partition_pruning = off"
_COUNT = f"SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = '{_NAME}'"


class GenericPlanner:
    """Asks ``server`` between the beginning and the end of a transaction. Raises DatabaseError if
    it is too old."""

    def __init__(self, server: Server) -> None:
        found = version(server)
        if found < _OLDEST:
            raise DatabaseError(
                f"Plans of PostgreSQL {found // 10_000} are not read.",
                f"Name a server of version {_OLDEST // 10_000} or later.",
            )
        self._server = server
        self._ask = explained if found >= _EXPLAINED_SINCE else prepared

    def plan(self, text: str, limit: int | None, *, id: int, alias: str) -> Plan:
        """``text`` is a statement with ``$1``, ``limit`` what it has for one."""
        return Plan(
            sql=id,
            alias=alias,
            vendor="postgresql",
            mode=PlanMode.GENERIC,
            reason="",
            duration_ns=None,
            nodes=read_on(nodes(self.root(text, "VERBOSE")["Plan"]), limit),
        )

    def root(self, text: str, options: str) -> Json:
        """What ``EXPLAIN (options)`` says. What the driver raises passes through, and ends the
        transaction."""
        return self._ask(self._server, text, options)


def explained(server: Server, text: str, options: str) -> Json:
    """The plan that a new server has for it."""
    return root_of(server.run(f"EXPLAIN (GENERIC_PLAN, {options}, FORMAT JSON) {text}"))


def prepared(server: Server, text: str, options: str) -> Json:
    """The same on any server."""
    found = _prepared(server, text, options, _GENERIC)
    # No partition holds NULL: those that an execution would leave out are not in the plan.
    return _prepared(server, text, options, _UNPRUNED) if _is_pruned(found["Plan"]) else found


def _prepared(server: Server, text: str, options: str, settings: str) -> Json:
    server.run(f"SAVEPOINT {_NAME}; {settings}; PREPARE {_NAME} AS {text}")
    try:
        [[count]] = server.run(_COUNT)
        values = f" ({', '.join(['NULL'] * count)})" if count else ""
        return root_of(server.run(f"EXPLAIN ({options}, FORMAT JSON) EXECUTE {_NAME}{values}"))
    finally:
        # What is prepared outlives its transaction.
        server.run(f"ROLLBACK TO {_NAME}; DEALLOCATE {_NAME}; RELEASE {_NAME}")


def _is_pruned(plan: Json) -> bool:
    return "Subplans Removed" in plan or any(_is_pruned(child) for child in plan.get("Plans", ()))
