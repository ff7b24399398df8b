"""What SQLite's schema says about a table, and a sample of its rows."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import Server
from queryaudit.records.plans import (
    CatalogColumn,
    CatalogIndex,
    ForeignKey,
    IndexKey,
    Relation,
)

#: SQLite has no statistics that can be relied on: values are counted in so many rows, of tables
#: that are not small. What differs in more than this share of them goes on to differ.
_SAMPLED, _SMALL, _MANY = 20_000, 1_000, 0.1


def relation(server: Server, name: str, alias: str) -> Relation:
    """A table, its rows counted; without columns where there is no such table."""
    quoted_name = quoted(name)
    indexes = []
    for _, index, unique, origin, partial in server.run(f"PRAGMA index_list({quoted_name})", ()):
        keys = tuple(
            IndexKey(str(column or ""), column is not None, bool(descending), "")
            for _, _, column, descending, _, is_key in server.run(
                f"PRAGMA index_xinfo({quoted(str(index))})", ()
            )
            if is_key
        )
        indexes.append(
            CatalogIndex(
                name=str(index),
                method="btree",
                keys=keys,
                include=(),
                predicate="?" if partial else "",
                unique=bool(unique),
                primary=origin == "pk",
                constraint=origin in ("pk", "u"),
                valid=True,
                bytes=0,
                scans=None,
            )
        )
    columns = server.run(f"PRAGMA table_info({quoted_name})", ())
    foreign = server.run(f"PRAGMA foreign_key_list({quoted_name})", ())
    [[count]] = server.run(f"SELECT count(*) FROM {quoted_name}", ()) if columns else [[0]]
    values = _sampled(server, quoted_name, [str(c[1]) for c in columns]) if count > _SMALL else {}
    primary = sorted((int(c[5]), str(c[1])) for c in columns if c[5])
    if primary and not any(index.primary for index in indexes):
        indexes.append(_row_order([name for _, name in primary]))
    return Relation(
        alias=alias,
        vendor="sqlite",
        schema="",
        name=name,
        rows=int(count),
        bytes=0,
        columns=tuple(
            CatalogColumn(str(c[1]), str(c[2]), *values.get(str(c[1]), (None, None)))
            for c in columns
        ),
        indexes=tuple(sorted(indexes)),
        foreign_keys=tuple(
            ForeignKey("", (str(key[3]),), str(key[2]), str(key[6])) for key in foreign
        ),
    )


def _row_order(columns: Sequence[str]) -> CatalogIndex:
    """The primary key in whose order SQLite stores a table: no index of its own."""
    keys = tuple(IndexKey(column, True, False, "") for column in columns)
    return CatalogIndex(
        name="PRIMARY KEY",
        method="btree",
        keys=keys,
        include=(),
        predicate="",
        unique=True,
        primary=True,
        constraint=True,
        valid=True,
        bytes=0,
        scans=None,
    )


def _sampled(server: Server, table: str, columns: Sequence[str]) -> dict[str, tuple[float, float]]:
    """How many values each column has, and the share of NULL, as in ``pg_stats``: of the first
    rows."""
    names = [quoted(column) for column in columns]
    counts = ", ".join(f"count(DISTINCT {name}), count({name})" for name in names)
    sample = f"SELECT * FROM {table} LIMIT {_SAMPLED}"
    [[rows, *found]] = server.run(f"SELECT count(*), {counts} FROM ({sample})", ())
    return {
        column: (-kinds / rows if kinds > rows * _MANY else float(kinds), 1 - there / rows)
        for column, kinds, there in zip(columns, found[::2], found[1::2], strict=True)
    }
