"""Asks PostgreSQL who waits for whom."""

from __future__ import annotations

from queryaudit.errors import DatabaseError
from queryaudit.plans.server import Server
from queryaudit.records.blocking import Session
from queryaudit.sql.statement import parse

_SESSIONS = """
WITH waiting AS MATERIALIZED (
    SELECT pid, pg_blocking_pids(pid) AS blockers
    FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
)
SELECT a.pid, coalesce(w.blockers, '{}'), coalesce(a.application_name, ''),
       coalesce(a.usename, ''), coalesce(a.state, ''),
       CASE WHEN w.pid IS NULL THEN '' ELSE coalesce(a.wait_event, '') END,
       coalesce(extract(epoch FROM clock_timestamp()
                        - CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END),
                0)::float8,
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8,
       coalesce(a.query, '')
FROM pg_stat_activity a LEFT JOIN waiting w ON w.pid = a.pid
WHERE w.pid IS NOT NULL OR a.pid IN (SELECT unnest(blockers) FROM waiting)
ORDER BY a.pid
"""


def sessions(server: Server) -> tuple[Session, ...]:
    """Those of the server's current database that wait for a lock, and those that hold them up.

    Raises DatabaseError if the server is none of PostgreSQL's or does not answer any more.
    """
    if server.vendor != "postgresql":
        raise DatabaseError(
            f"{server.vendor} does not tell who waits for whom.", "PostgreSQL does; name one."
        )
    try:
        rows = server.run(_SESSIONS)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DatabaseError(
            f"The server does not answer: {reason}.", "Is it still there?"
        ) from error
    return tuple(
        Session(
            pid=pid,
            blockers=tuple(blockers),
            application=application,
            user=user,
            state=state,
            lock=lock,
            running=running,
            open=opened,
            statement=parse(query).normalised if query else "",
        )
        for pid, blockers, application, user, state, lock, running, opened, query in rows
    )
