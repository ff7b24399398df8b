"""Extended statistics (``CREATE STATISTICS``) of production, given to its twin.

pg_dump of PostgreSQL 18 writes their definition and not their data, and there is no function that
restores it. Their stored form is the same from 14 to 18 but for the numbers of columns, which shift
where columns were dropped; a superuser, which everybody is on a twin, may write it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from queryaudit.plans.server import Server

_SINCE, _SINCE_INHERITED = 140_000, 150_000
_NDISTINCT, _DEPENDENCIES, _MCV = 0xA352BFA4, 0xB4549A2C, 0xE1A651C2
_HEAD = struct.Struct("=III")  # magic, type, how many
#: Types that came with the server have the same number everywhere.
_FIRST_OWN = 16_384

_READ = """
SELECT e.statistics_schemaname::text, e.statistics_name::text, {inherited},
       ARRAY(SELECT a.attname::text || ':' || a.attnum FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = s.stxrelid AND a.attnum = ANY(s.stxkeys)),
       e.n_distinct::bytea, e.dependencies::bytea, {common}
FROM pg_catalog.pg_stats_ext e
JOIN pg_catalog.pg_namespace n ON n.nspname = e.statistics_schemaname
JOIN pg_catalog.pg_statistic_ext s ON s.stxnamespace = n.oid AND s.stxname = e.statistics_name
ORDER BY 1, 2, 3
"""
_COMMON = (
    "(SELECT d.stxdmcv::bytea FROM pg_catalog.pg_statistic_ext_data d WHERE d.stxoid = s.oid{})"
)
_OWN = """
SELECT s.oid, ARRAY(SELECT a.attname::text || ':' || a.attnum FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = s.stxrelid AND a.attnum = ANY(s.stxkeys))
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
WHERE n.nspname = %s AND s.stxname = %s
"""
_TYPES = ("pg_ndistinct", "pg_dependencies", "pg_mcv_list")
_WRITE = """
INSERT INTO pg_catalog.pg_statistic_ext_data
    (stxoid, stxdinherit, stxdndistinct, stxddependencies, stxdmcv)
VALUES (%s, %s, %s::bytea::pg_ndistinct, %s::bytea::pg_dependencies, %s::bytea::pg_mcv_list)
"""
_LACKING = """
SELECT n.nspname::text || '.' || s.stxname::text
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext_data d WHERE d.stxoid = s.oid)
ORDER BY 1
"""


class Extended(NamedTuple):
    """The data of one, as it is stored; columns by name with their numbers."""

    schema: str
    name: str
    inherited: bool
    columns: dict[str, int]
    distinct: bytes | None
    dependencies: bytes | None
    common: bytes | None  #: the most common combinations: values; a superuser alone may read them


def read(server: Server, version: int) -> tuple[Extended, ...]:
    """Those that the user may see: of its own tables, or as a superuser.

    The caller guards the connection.
    """
    if version < _SINCE:
        return ()
    has_inherited = version >= _SINCE_INHERITED
    [[may]] = server.run(
        "SELECT has_column_privilege('pg_catalog.pg_statistic_ext_data', 'stxdmcv', 'SELECT')"
    )
    alike = " AND d.stxdinherit = e.inherited" if has_inherited else ""
    common = _COMMON.format(alike) if may else "NULL::bytea"
    inherited = "e.inherited" if has_inherited else "false"
    rows = server.run(_READ.format(inherited=inherited, common=common))
    return tuple(
        Extended(str(schema), str(name), bool(of_all), _numbers(columns), *map(_bytes, data))
        for schema, name, of_all, columns, *data in rows
    )


def write(twin: Server, found: Sequence[Extended], *, values: bool) -> tuple[str, ...]:
    """Give them to a twin; returns the names of those that have none there."""
    twin.run("BEGIN")
    for kind in _TYPES:
        twin.run(f"CREATE CAST (bytea AS {kind}) WITHOUT FUNCTION")
    for each in found:
        for oid, columns in twin.run(_OWN, (each.schema, each.name)):
            moved = _moved(each, _numbers(columns), values=values)
            if any(moved):
                twin.run(_WRITE, (oid, each.inherited, *moved))
    for kind in _TYPES:
        twin.run(f"DROP CAST (bytea AS {kind})")
    twin.run("COMMIT")
    return tuple(str(name) for [name] in twin.run(_LACKING))


def _moved(
    each: Extended, columns: Mapping[str, int], *, values: bool
) -> tuple[bytes | None, bytes | None, bytes | None]:
    """The data with the numbers that columns have on the twin."""
    if columns.keys() != each.columns.keys():
        return None, None, None
    numbers = {number: columns[name] for name, number in each.columns.items()}
    common = each.common if values and _is_portable(each.common) else None
    return (
        _renumbered(each.distinct, _NDISTINCT, "=di", numbers),
        _renumbered(each.dependencies, _DEPENDENCIES, "=dh", numbers),
        common,
    )


def _renumbered(
    data: bytes | None, magic: int, item: str, numbers: Mapping[int, int]
) -> bytes | None:
    """Items of a figure, a count, and so many numbers of columns; those below 0 are expressions."""
    if data is None:
        return None
    head = struct.Struct(item)
    try:
        found, kind, count = _HEAD.unpack_from(data)
        if (found, kind) != (magic, 1):
            return None
        made, place = [data[: _HEAD.size]], _HEAD.size
        for _ in range(count):
            figure, size = head.unpack_from(data, place)
            columns = struct.unpack_from(f"={size}h", data, place + head.size)
            place += head.size + 2 * size
            moved = [numbers[column] if column > 0 else column for column in columns]
            made += [head.pack(figure, size), struct.pack(f"={size}h", *moved)]
    except (struct.error, KeyError):
        return None
    return b"".join(made) if place == len(data) else None


def _is_portable(data: bytes | None) -> bool:
    """Whether a list of combinations is of types that every server has."""
    try:
        magic, kind, _, size = struct.unpack_from("=IIIh", data or b"")
        types = struct.unpack_from(f"={size}I", data or b"", 14)
    except struct.error:
        return False
    return (magic, kind) == (_MCV, 1) and all(type_ < _FIRST_OWN for type_ in types)


def _numbers(columns: Any) -> dict[str, int]:
    pairs = (str(column).rpartition(":") for column in columns)
    return {name: int(number) for name, _, number in pairs}


def _bytes(value: object) -> bytes | None:
    return bytes(value) if isinstance(value, bytes | memoryview) else None
