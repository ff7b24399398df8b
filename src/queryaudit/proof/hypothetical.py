"""Indexes that a database's planner is made to suppose: by the extension HypoPG, where it is there.

They are in the memory of our own connection, for EXPLAIN alone: nothing is created, and nobody else
sees them. The extension is never installed by us.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import ddl
from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import Limits, RefusedError, Server
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.laboratory import Built
from queryaudit.proof.sizes import BLOCK, predicted
from queryaudit.records.plans import Relation

#: The schema of the extension, if this user may use it.
_PLACE = """
SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'hypopg' AND has_schema_privilege(n.oid, 'USAGE')
"""
#: It guesses sizes, and does so for these.
_METHODS = ("btree", "brin", "hash", "bloom")


class HypoPG:
    """Implements ``WhatIf``. Rows are not read: values are those of the statistics."""

    place = "with HypoPG"
    samples_rows = False

    def __init__(self, server: Server, schema: str) -> None:
        self.server = server
        self._schema = schema
        self._there: dict[str, int] = {}

    @classmethod
    def of(cls, server: UrlServer) -> HypoPG | None:
        """None where the database has no such extension, this user may not use it, or statements of
        ours are not sure to reach the same session."""
        if server.vendor != "postgresql" or server.is_pooled:
            return None
        with suppress(Exception), server.guarded(Limits()):
            [[schema]] = server.run(_PLACE)
            server.run(f"SELECT {schema}.hypopg_reset()")
            return cls(server, str(schema))
        return None

    @contextmanager
    def trying(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._there.clear()
            self.server.run(f"SELECT {self._schema}.hypopg_reset()")

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A short transaction each: others' tables are not to be locked for long. What is supposed
        outlives it."""
        before = {*self._there}
        try:
            with self.server.guarded(Limits()):
                yield
        except Exception:
            for name in self._there.keys() - before:
                self._drop(name)
            raise

    def add(self, candidate: Candidate, relation: Relation) -> Built:
        if candidate.method not in _METHODS:
            raise RefusedError(
                f"HypoPG can't suppose an index of the kind {candidate.method}: --scratch builds it"
                " on copies"
            )
        table = f"{quoted(relation.schema)}.{quoted(relation.name)}".replace("%%", "%")
        [[number, name]] = self.server.run(
            f"SELECT indexrelid, indexname::text FROM {self._schema}.hypopg_create_index(%s)",
            (ddl(candidate, table),),
        )
        self._there[name] = number
        return Built(name, predicted(self.server, candidate, relation).blocks * BLOCK)

    def remove(self, built: Built) -> None:
        self._drop(built.name)

    def _drop(self, name: str) -> None:
        number = self._there.pop(name)
        self.server.run(f"SELECT {self._schema}.hypopg_drop_index(%s)", (number,))
