"""Temporary copies of tables, which stand before the real ones in the search path.

Statements run on them unchanged, the real tables are only read, and all is gone with the
connection, however it ends. The copies are vacuumed, as else no index-only scan would be chosen.
"""

from __future__ import annotations

from typing import NamedTuple

from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import RefusedError, Server

_COLUMNS = """
SELECT attname::text FROM pg_catalog.pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""
_CHILDREN = "SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = %s::regclass)"
#: Building the largest index of a copy may take this long.
_TIMEOUT_MS = 120_000


class Built(NamedTuple):
    """An index on a copy."""

    name: str
    bytes: int


def prepare(server: Server) -> None:
    """Settings of the session, before its first temporary table."""
    server.run("SET temp_buffers = '64MB'")
    server.run(f"SET statement_timeout = {_TIMEOUT_MS}")
    server.run("SET lock_timeout = 2000")


def clone(server: Server, schema: str, table: str) -> None:
    """Copy a table with its rows and indexes. Takes an AccessShareLock on it."""
    real = f"{quoted(schema)}.{quoted(table)}"
    [[has_children]] = server.run(_CHILDREN, (real.replace("%%", "%"),))
    if has_children:
        # They would be in the copy, and an index on the table would leave them out.
        raise RefusedError("a table of which others inherit")
    server.run(
        f"CREATE TEMPORARY TABLE {quoted(table)} (LIKE {real} INCLUDING INDEXES"
        " INCLUDING STATISTICS INCLUDING GENERATED)",
        (),
    )
    columns = ", ".join(
        quoted(str(row[0])) for row in server.run(_COLUMNS, (real.replace("%%", "%"),))
    )
    server.run(f"INSERT INTO pg_temp.{quoted(table)} ({columns}) SELECT {columns} FROM {real}", ())
    analyse(server, table, vacuum=True)


def analyse(server: Server, table: str, *, vacuum: bool = False) -> None:
    """Statistics for a copy; never for a real table."""
    server.run(f"{'VACUUM ANALYZE' if vacuum else 'ANALYZE'} pg_temp.{quoted(table)}", ())


def build(server: Server, ddl: str, name: str, table: str, *, functional: bool) -> Built:
    """Create an index on a copy. An expression has no statistics before they are taken."""
    server.run(ddl % f"pg_temp.{quoted(table).replace('%%', '%')}")
    if functional:
        analyse(server, table)
    [[size]] = server.run("SELECT pg_relation_size(%s::regclass)", (f'pg_temp."{name}"',))
    return Built(name, int(size))


def drop(server: Server, name: str) -> None:
    server.run(f'DROP INDEX IF EXISTS pg_temp."{name}"')
