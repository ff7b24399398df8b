"""Indexes on a twin: real ones without entries, as long as they would be in production.

All is done in one transaction that is rolled back. The table's file is emptied for the moment in
which the index is made, as PostgreSQL would read all of it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from queryaudit.advice.candidates import Candidate
from queryaudit.advice.index_code import ddl, index_name
from queryaudit.errors import LostConnectionError
from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import Server
from queryaudit.proof.laboratory import Built
from queryaudit.proof.sizes import predicted
from queryaudit.records.plans import Relation
from queryaudit.twin import btree, files
from queryaudit.twin.session import Twin

_SAVEPOINT = "SAVEPOINT queryaudit"
#: An expression is taken to be as varied as its column, of which there are statistics.
_AS_ITS_COLUMN = """
SELECT pg_restore_attribute_stats(
    'schemaname', %s::text, 'relname', %s::text, 'attname', a.attname::text, 'inherited', false,
    'null_frac', s.null_frac, 'avg_width', s.avg_width, 'n_distinct', s.n_distinct)
FROM pg_catalog.pg_stats s, pg_catalog.pg_attribute a
WHERE s.schemaname = %s AND s.tablename = %s AND s.attname = %s AND NOT s.inherited
  AND a.attrelid = %s::regclass AND a.attnum = %s
"""


class TwinWhatIf:
    """Implements ``WhatIf``. The twin must be opened ``alone``."""

    samples_rows = False

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self.server: Server = twin.server
        self.place = twin.name

    @contextmanager
    def trying(self) -> Iterator[None]:
        self.server.run("BEGIN")
        try:
            yield
        finally:
            self.server.run("ROLLBACK")

    @contextmanager
    def asking(self) -> Iterator[None]:
        self.server.run(_SAVEPOINT)
        try:
            yield
        except LostConnectionError:
            raise
        except Exception:
            self.server.run(f"ROLLBACK TO {_SAVEPOINT}")
            raise
        self.server.run(f"RELEASE {_SAVEPOINT}")

    def add(self, candidate: Candidate, relation: Relation) -> Built:
        name = index_name(candidate)
        table = f"{quoted(relation.schema)}.{quoted(relation.name)}".replace("%%", "%")
        size = predicted(self.server, candidate, relation)
        heap = self._twin.data / self._path(table)
        blocks = files.blocks_of(heap)
        files.resize(heap, 0)
        try:
            self.server.run(ddl(candidate, table))
        finally:
            files.resize(heap, blocks)
        index = f"{quoted(relation.schema)}.{quoted(name)}".replace("%%", "%")
        path = self._twin.data / self._path(index)
        if candidate.method == "btree":
            btree.raise_to(path, btree.height(size.blocks, size.key_width))
        files.resize(path, max(size.blocks, files.blocks_of(path)))
        self._know(candidate, relation, name, index, size.blocks)
        return Built(name, size.blocks * files.BLOCK)

    def remove(self, built: Built) -> None:
        [[schema]] = self.server.run(
            "SELECT n.nspname::text FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = %s",
            (built.name,),
        )
        self.server.run(f'DROP INDEX "{schema}"."{built.name}"')

    def _path(self, relation: str) -> str:
        [[path]] = self.server.run("SELECT pg_relation_filepath(%s::regclass)", (relation,))
        return str(path)

    def _know(
        self, candidate: Candidate, relation: Relation, name: str, index: str, blocks: int
    ) -> None:
        """Statistics of the index: how many rows it has, and what its expressions are like."""
        rows = float(relation.rows)
        if candidate.where is not None:
            rows *= self._nulls(relation, candidate.where[0])
        self.server.run(
            "SELECT pg_restore_relation_stats('schemaname', %s::text, 'relname', %s::text,"
            " 'relpages', %s::integer, 'reltuples', %s::real)",
            (relation.schema, name, blocks, rows),
        )
        for number, key in enumerate(candidate.keys, 1):
            if key.function:
                place = (relation.schema, relation.name, key.column)
                self.server.run(_AS_ITS_COLUMN, (relation.schema, name, *place, index, number))

    def _nulls(self, relation: Relation, column: str) -> float:
        known = next((c.nulls for c in relation.columns if c.name == column), None)
        return 0.5 if known is None else known
