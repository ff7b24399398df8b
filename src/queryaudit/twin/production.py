"""What is read from a database to make its twin: schema, statistics, sizes and planner settings.

No row is read. Everything happens in pg_dump and in a read-only transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from queryaudit.errors import DatabaseError
from queryaudit.plans.server import Limits
from queryaudit.plans.url_server import UrlServer
from queryaudit.twin.extended import Extended
from queryaudit.twin.extended import read as read_extended
from queryaudit.twin.private_server import pg_dump

#: Schema and name of a table or an index.
Name = tuple[str, str]

_DUMP = (
    "--no-data",
    "--statistics",
    *("--no-owner", "--no-privileges", "--no-policies", "--no-comments", "--no-security-labels"),
    *("--no-publications", "--no-subscriptions", "--no-tablespaces", "--no-toast-compression"),
    "--lock-wait-timeout=5000",
    "--no-password",
)
_SIZES = """
SELECT n.nspname::text, c.relname::text,
       pg_relation_size(c.oid) / current_setting('block_size')::bigint,
       (SELECT u.idx_scan FROM pg_catalog.pg_stat_user_indexes u WHERE u.indexrelid = c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'i') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_%'
"""
#: What the planner is told besides statistics. Names that our server does not know are left out.
_SETTINGS = """
SELECT name, setting FROM pg_catalog.pg_settings
WHERE category LIKE 'Query Tuning%' OR name IN ('work_mem', 'hash_mem_multiplier',
  'max_parallel_workers', 'max_parallel_workers_per_gather', 'effective_io_concurrency',
  'search_path')
"""
_LOCALE = """
SELECT CASE WHEN datlocprovider::text = 'b' THEN 'C' ELSE datcollate::text END
FROM pg_catalog.pg_database WHERE datname = current_database()
"""
_LOCALE_14 = (
    "SELECT datcollate::text FROM pg_catalog.pg_database WHERE datname = current_database()"
)


class Blocks(NamedTuple):
    """How large a table or index is, and how often an index was used there."""

    blocks: int
    scans: int | None


class Production(NamedTuple):
    """All that a twin is made of."""

    dump: str
    source: str  #: what it is, for people: never a URL
    version: int | None  #: as ``server_version_num``
    collation: str | None
    settings: dict[str, str]
    sizes: dict[Name, Blocks] | None  #: None: as the statistics have them
    extended: tuple[Extended, ...] = ()


def read(source: str, schemas: Sequence[str]) -> Production:
    """Read a database by its URL, or what pg_dump wrote of it."""
    if "://" in source:
        return _from_url(source, schemas)
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise DatabaseError(
            f"{source} can't be read: {reason}.",
            "Name a URL, or a file of pg_dump --no-data --statistics (PostgreSQL 18's).",
        ) from error
    if "pg_restore_relation_stats(" not in text:
        raise DatabaseError(
            f"{source} holds no statistics.",
            "Write it with PostgreSQL 18's pg_dump --no-data --statistics, as plain text.",
        )
    return Production(text, path.name, None, None, {}, None)


def _from_url(url: str, schemas: Sequence[str]) -> Production:
    with closing(UrlServer.connect(url)) as server:
        if server.vendor != "postgresql":
            raise DatabaseError("Only PostgreSQL has a twin.", "Name it as postgresql://host/name.")
        with server.guarded(Limits(statement_ms=60_000)):
            [[version]] = server.run("SHOW server_version_num")
            [[name]] = server.run("SELECT current_database()::text")
            [[locale]] = server.run(_LOCALE if int(version) >= 150_000 else _LOCALE_14)
            settings = {str(key): str(value) for key, value in server.run(_SETTINGS)}
            sizes = {
                (str(schema), str(relation)): Blocks(int(blocks), scans)
                for schema, relation, blocks, scans in server.run(_SIZES)
            }
            extended = read_extended(server, int(version))
        environment, target = server.address()
    only = [f"--schema={schema}" for schema in schemas]
    dump = pg_dump([*_DUMP, *only, f"--dbname={target}"], environment)
    return Production(dump, str(name), int(version), str(locale), settings, sizes, extended)
