"""Temporary copies of tables, which stand before the real ones in the search path.

Statements run on them unchanged, the real tables are only read, and all is gone with the
connection, however it ends. The copies are vacuumed, as else no index-only scan would be chosen.
Of a table that is too large a sample of its pages is copied.
"""

from __future__ import annotations

from contextlib import suppress

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import ddl, index_name
from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import RefusedError, Server
from queryaudit.proof.laboratory import Built
from queryaudit.sql.quoting import identifier

_COLUMNS = """
SELECT attname::text FROM pg_catalog.pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""
#: The server names the indexes of a copy anew.
_COPIED = """
SELECT c.relname::text FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_index o ON o.indexrelid = %s::regclass
WHERE i.indrelid = %s::regclass AND NOT i.indisunique
AND split_part(pg_catalog.pg_get_indexdef(i.indexrelid), ' USING ', 2)
  = split_part(pg_catalog.pg_get_indexdef(o.indexrelid), ' USING ', 2)
ORDER BY 1 LIMIT 1
"""
_CHILDREN = "SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = %s::regclass)"
#: The share of a table that is copied where all of it would take too much, at most.
_SAMPLE = 0.1
#: Building the largest index of a copy may take this long.
_TIMEOUT_MS = 120_000


def prepare(server: Server) -> None:
    """Settings of the session, before its first temporary table."""
    server.run("SET temp_buffers = '64MB'")
    server.run(f"SET statement_timeout = {_TIMEOUT_MS}")
    server.run("SET lock_timeout = 2000")


def share_of(bytes: int, room: int) -> float:
    """The share of a table of ``bytes`` that is copied to where there is ``room``: all of it, or a
    tenth at most, so that what was found about the sample is not said of nearly the whole."""
    return 1.0 if bytes <= room else min(_SAMPLE, max(room, 0) / bytes)


def clone(
    server: Server, schema: str, table: str, *, share: float = 1.0, most: int | None = None
) -> int:
    """Copy a table with its indexes, or a share of its rows and ``most`` of them: the bytes that
    the rows take. Takes an AccessShareLock on it."""
    real = f"{quoted(schema)}.{quoted(table)}"
    [[has_children]] = server.run(_CHILDREN, (real.replace("%%", "%"),))
    if has_children:
        # They would be in the copy, and an index on the table would leave them out.
        raise RefusedError("other tables inherit from it, and have its index each for itself")
    server.run(
        f"CREATE TEMPORARY TABLE {quoted(table)} (LIKE {real} INCLUDING INDEXES"
        " INCLUDING STATISTICS INCLUDING GENERATED)",
        (),
    )
    columns = ", ".join(
        quoted(str(row[0])) for row in server.run(_COLUMNS, (real.replace("%%", "%"),))
    )
    # Whole pages: rows that lie together in the table lie together in the sample. How many are
    # drawn is left to chance, so there is a limit.
    sampled = "" if share == 1.0 else f" TABLESAMPLE SYSTEM ({100 * share:.6f}) REPEATABLE (1)"
    limited = "" if most is None else f" LIMIT {most}"
    try:
        server.run(
            f"INSERT INTO pg_temp.{quoted(table)} ({columns}) SELECT {columns} FROM {real}"
            f"{sampled}{limited}",
            (),
        )
    except BaseException:
        # An empty copy would be read in the table's place by all that follows.
        with suppress(Exception):
            server.run(f"DROP TABLE pg_temp.{quoted(table)}", ())
        raise
    analyse(server, table, vacuum=True)
    [[size]] = server.run(
        "SELECT pg_relation_size(%s::regclass)", (f"pg_temp.{quoted(table)}".replace("%%", "%"),)
    )
    return int(size)


def analyse(server: Server, table: str, *, vacuum: bool = False) -> None:
    """Statistics for a copy; never for a real table."""
    server.run(f"{'VACUUM ANALYZE' if vacuum else 'ANALYZE'} pg_temp.{quoted(table)}", ())


def build(server: Server, candidate: Candidate) -> Built:
    """Create an index on a copy. An expression has no statistics before they are taken."""
    table, name = candidate.table, index_name(candidate)
    server.run(ddl(candidate, f"pg_temp.{identifier(table)}"))
    if any(key.function for key in candidate.keys):
        analyse(server, table)
    [[size]] = server.run("SELECT pg_relation_size(%s::regclass)", (f'pg_temp."{name}"',))
    return Built(name, int(size))


def copied_index(server: Server, schema: str, table: str, name: str) -> str | None:
    """The index of a copy that is as the one of the table."""
    index, copy = f"{identifier(schema)}.{identifier(name)}", f"pg_temp.{identifier(table)}"
    return next((str(row[0]) for row in server.run(_COPIED, (index, copy))), None)


def drop(server: Server, name: str) -> None:
    server.run(f'DROP INDEX IF EXISTS pg_temp."{name}"')
