"""Makes a twin: schema and statistics restored, files of the size that production's have."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from queryaudit.errors import DatabaseError
from queryaudit.plans.server import Server
from queryaudit.plans.url_server import UrlServer
from queryaudit.twin import btree, extended, files, manifest
from queryaudit.twin.manifest import Manifest
from queryaudit.twin.private_server import PrivateServer, without_checksums
from queryaudit.twin.production import Blocks, Name, Production
from queryaudit.twin.values import without_values

#: The database in the private server.
DATABASE = "twin"
DATA = "postgresql"
_RESTRICT = re.compile(r"^\\(?:un)?restrict \w+$", re.MULTILINE)
_C_LOCALES = ("C", "POSIX")
_RELATIONS = """
SELECT n.nspname::text, c.relname::text, c.relkind::text, c.relpages, c.reltuples::float8,
       pg_relation_filepath(c.oid), coalesce(m.amname::text, ''),
       coalesce((SELECT sum(s.avg_width) FROM pg_catalog.pg_index i
                 JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
                 JOIN pg_catalog.pg_attribute a
                   ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1])
                 JOIN pg_catalog.pg_stats s
                   ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = a.attname
                 WHERE i.indexrelid = c.oid AND NOT s.inherited), 8)::float8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE c.relkind IN ('r', 'm', 'i') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2
"""


class _Stored(NamedTuple):
    """A table or an index of the twin."""

    schema: str
    name: str
    kind: str
    pages: int
    tuples: float
    path: str
    method: str
    width: float  #: of an index: its keys, in bytes


def create(production: Production, directory: Path, *, values: bool) -> Manifest:
    """Make the twin of ``production`` in ``directory``, in place of a twin that is there."""
    _make_room(directory)
    dump = _RESTRICT.sub("", production.dump)
    if not values:
        dump = without_values(dump)
    data = directory / DATA
    with PrivateServer(data):
        pass
    without_checksums(data)
    with PrivateServer(data) as server:
        with closing(server.connect("postgres")) as maintenance:
            _create_database(maintenance, production.collation)
        refused = server.script(DATABASE, dump)
        with closing(server.connect(DATABASE)) as twin:
            _configure(twin, production.settings)
            lacking = extended.write(twin, production.extended, values=values)
            stored = [_Stored(*row) for row in twin.run(_RELATIONS)]
    # The server has stopped: it has none of the files in memory.
    blocks = {relation: _size(data, relation, production.sizes) for relation in stored}
    tables = [relation for relation in stored if relation.kind != "i"]
    made = Manifest(
        source=production.source,
        version=production.version,
        has_values=values,
        tables=len(tables),
        bytes=sum(blocks.values()) * files.BLOCK,
        unknown=tuple(
            f"{table.schema}.{table.name}" for table in tables if table.tuples < 0 and blocks[table]
        ),
        refused=tuple(dict.fromkeys(refused)),
        lacking=lacking,
        blocks=tuple((table.schema, table.name, blocks[table]) for table in tables),
        scans=tuple(
            (schema, name, known.scans)
            for (schema, name), known in sorted((production.sizes or {}).items())
            if known.scans is not None
        ),
    )
    manifest.save(directory, made)
    return made


def _make_room(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        manifest.load(directory)  # a directory of anything else is left alone
        shutil.rmtree(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"{directory} can't be made: {error.strerror}.", "Name another place for the twin."
        ) from error


def _create_database(server: Server, collation: str | None) -> None:
    """Patterns are looked up by ordinary indexes in the collation C, and in no other."""
    if collation in _C_LOCALES:
        server.run(f"CREATE DATABASE {DATABASE} TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'")
    else:
        server.run(f"CREATE DATABASE {DATABASE}")


def _configure(twin: UrlServer, settings: dict[str, str]) -> None:
    known = {str(row[0]) for row in twin.run("SELECT name FROM pg_settings")}
    for name in sorted(known & settings.keys()):
        # A search path is a list of names, and quoted as such already.
        value = settings[name] if name == "search_path" else _literal(settings[name])
        twin.run(f"ALTER DATABASE {DATABASE} SET {name} = {value or _literal('')}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _size(data: Path, relation: _Stored, sizes: dict[Name, Blocks] | None) -> int:
    """Give a relation production's size; returns that."""
    place = (relation.schema, relation.name)
    blocks = sizes[place].blocks if sizes is not None and place in sizes else relation.pages
    path = data / relation.path
    blocks = max(blocks, files.blocks_of(path))
    if relation.method == "btree":
        btree.raise_to(path, btree.height(blocks, relation.width))
    files.resize(path, blocks)
    return blocks
