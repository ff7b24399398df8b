"""Reads ``pg_stat_statements``: what a server was asked, by anybody, since its statistics began."""

from __future__ import annotations

from queryaudit.errors import DatabaseError
from queryaudit.plans.policy import permission
from queryaudit.plans.server import Limits, Server
from queryaudit.records.findings import Diagnostic
from queryaudit.records.plans import PlanMode
from queryaudit.workloads.entries import Entry, Found, with_placeholders

NAME = "pg_stat_statements"
#: Distinct statements, the dearest first: as many as the view has by default.
_MOST = 5_000
_PLACE = """
SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
_STATEMENTS = """
SELECT query, sum(calls)::bigint, sum(total_exec_time)::float8, sum(rows)::bigint
FROM {place}.pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND query IS NOT NULL
GROUP BY query ORDER BY 3 DESC, 1 LIMIT {most}
"""
_HIDDEN = "<insufficient privilege>"


def read(server: Server) -> Found:
    """The statements of the database that ``server`` is connected to. Raises DatabaseError."""
    if server.vendor != "postgresql":
        raise DatabaseError(
            f"{NAME} is a view of PostgreSQL; {server.vendor} has none.",
            "Name a trace, or a server of PostgreSQL.",
        )
    with server.guarded(Limits(statement_ms=60_000)):
        places = server.run(_PLACE)
        if not places:
            raise DatabaseError(
                f"The database has no view {NAME}.",
                f"CREATE EXTENSION {NAME}; and name it in shared_preload_libraries.",
            )
        rows = _rows(server, str(places[0][0]))
        forgotten = _forgotten(server, str(places[0][0]))
    entries = tuple(
        Entry(with_placeholders(str(text)), int(calls), round(took * 1e6), int(count), None, 1)
        for text, calls, took, count in rows
        if text != _HIDDEN and permission(text, PlanMode.GENERIC, "postgresql").mode
    )
    hidden = sum(int(calls) for text, calls, _, _ in rows if text == _HIDDEN)
    return Found(NAME, entries, tuple(_diagnostics(hidden, forgotten)))


def _rows(server: Server, place: str) -> list[tuple[str, int, float, int]]:
    try:
        found = server.run(_STATEMENTS.format(place=place, most=_MOST))
    except Exception as error:
        said = str(error).strip().splitlines()
        raise DatabaseError(
            f"{NAME} can't be read: {said[0] if said else type(error).__name__}.",
            "It must be in shared_preload_libraries, and the server started with it.",
        ) from error
    return [(row[0], row[1], row[2], row[3]) for row in found]


def _forgotten(server: Server, place: str) -> int:
    """How often the view was full, and let go of statements that were rare."""
    try:
        return int(server.run(f"SELECT dealloc FROM {place}.pg_stat_statements_info")[0][0])
    except Exception:  # noqa: BLE001 - an extension from before 1.9 does not say
        return 0


def _diagnostics(hidden: int, forgotten: int) -> list[Diagnostic]:
    found = [
        Diagnostic(
            slug="workload-without-values",
            message=f"{NAME} has neither values nor call sites: plans are for any values, where "
            "skew does not show, and findings name no line of the code.",
            hint="A trace of the application has the call sites; auto_explain's log has values.",
        )
    ]
    if hidden:
        found.append(
            Diagnostic(
                slug="workload-hidden",
                message=f"{hidden:,} calls were made by other users, whose statements are hidden.",
                hint="Ask as a member of pg_read_all_stats.",
            )
        )
    if forgotten:
        found.append(
            Diagnostic(
                slug="workload-forgotten",
                message=f"{NAME} was full {forgotten:,} times: what is asked rarely is missing.",
                hint="pg_stat_statements.max says how many statements it keeps.",
            )
        )
    return found
