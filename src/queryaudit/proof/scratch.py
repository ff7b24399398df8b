"""A database of our own to replay in: created beside the one that was named, and dropped.

Nothing is read from the named database but whether it is empty, and no table of it is touched.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from queryaudit.errors import DatabaseError
from queryaudit.plans.server import first_line
from queryaudit.plans.url_server import UrlServer

_TABLES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_'
AND n.nspname <> 'information_schema' ORDER BY 1 LIMIT 1
"""


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """The URL of an empty database. Raises DatabaseError if there can't be one.

    A user who may not create databases may name an empty one.
    """
    with closing(UrlServer.connect(url)) as server:
        if server.vendor != "postgresql":
            raise DatabaseError(
                f"Deadlocks are not replayed on {server.vendor}, which locks no rows.",
                "Name a PostgreSQL server: --database postgresql://user@host/name",
            )
        name = f"queryaudit_scratch_{secrets.token_hex(6)}"
        try:
            server.run(f"CREATE DATABASE {name} TEMPLATE template0")
        except Exception as error:
            if type(error).__name__ != "InsufficientPrivilege":
                raise DatabaseError(
                    f"No database to replay in could be created: {first_line(error)}.",
                    "Name a server on which the user may create databases.",
                ) from error
            _refuse_unless_empty(server)
            yield url
            return
        try:
            yield _beside(url, name)
        finally:
            server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _refuse_unless_empty(server: UrlServer) -> None:
    found = server.run(_TABLES)
    if found:
        raise DatabaseError(
            "Nothing is replayed in a database that has tables of its own, as "
            f"{found[0][0]}, and its user may not create another one.",
            "Name an empty database, or grant CREATEDB: it is dropped afterwards.",
        )


def _beside(url: str, name: str) -> str:
    """``url`` with another database on the same server."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")
