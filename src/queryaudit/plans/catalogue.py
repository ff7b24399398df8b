"""What a server's catalogue says about the tables of a workload: size, indexes, foreign keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from queryaudit.plans import sqlite_catalogue
from queryaudit.plans.quoting import quoted
from queryaudit.plans.scrub import scrubbed
from queryaudit.plans.server import Row, Server
from queryaudit.records.plans import (
    CatalogColumn,
    CatalogIndex,
    ForeignKey,
    IndexKey,
    Plan,
    Relation,
)

Name = tuple[str, str]

_TABLES = """
SELECT c.oid, n.nspname::text, c.relname::text, c.reltuples::float8, pg_relation_size(c.oid),
       CASE WHEN c.relpages > 0 THEN c.relallvisible::float8 / c.relpages END,
       c.relkind = 'p'
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname::text = ANY(%s) AND c.relname::text = ANY(%s)
"""
_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), s.n_distinct::float8,
       s.null_frac::float8, s.avg_width::float8, s.correlation::float8,
       s.most_common_freqs[1]::float8
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_stats s
  ON s.schemaname = %s AND s.tablename = %s AND s.attname = a.attname AND s.inherited = %s
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
#: The tables at the top of partitions.
_ROOTS = """
SELECT n.nspname::text, c.relname::text, m.nspname::text, r.relname::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class r ON r.oid = pg_partition_root(c.oid)
JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
WHERE c.relispartition AND n.nspname::text = ANY(%s) AND c.relname::text = ANY(%s)
"""
#: The partitions that hold rows, the largest first.
_LEAVES = """
SELECT n.nspname::text, c.relname::text, c.reltuples::float8, pg_relation_size(c.oid)
FROM pg_partition_tree(%s) t JOIN pg_catalog.pg_class c ON c.oid = t.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE t.isleaf ORDER BY c.reltuples DESC, n.nspname, c.relname
"""
_STATISTICS = """
SELECT s.oid, 'e' = ANY(s.stxkind),
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = s.stxrelid AND a.attnum = ANY(s.stxkeys) ORDER BY a.attnum)
FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = %s ORDER BY s.oid
"""
#: Since PostgreSQL 14; before there were none.
_EXPRESSIONS = "SELECT pg_get_statisticsobjdef_expressions(%s)"
_INDEXES = """
SELECT i.indexrelid, c.relname::text, m.amname::text, i.indnkeyatts, i.indnatts, i.indisunique,
       i.indisprimary, i.indisvalid, pg_relation_size(i.indexrelid),
       EXISTS (SELECT FROM pg_catalog.pg_constraint k
               WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid),
       coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
       (SELECT u.idx_scan FROM pg_catalog.pg_stat_all_indexes u
        WHERE u.indexrelid = i.indexrelid)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE i.indrelid = %s ORDER BY c.relname
"""
_KEYS = """
SELECT k.n, pg_get_indexdef(%s, k.n, true), coalesce(x.indkey[k.n - 1], 0) <> 0,
       coalesce((x.indoption[k.n - 1]::int & 1), 0) = 1,
       (SELECT o.opcname::text FROM pg_catalog.pg_opclass o WHERE o.oid = x.indclass[k.n - 1])
FROM pg_catalog.pg_index x, LATERAL generate_series(1, x.indnatts::int) k(n)
WHERE x.indexrelid = %s ORDER BY k.n
"""
_FOREIGN_KEYS = """
SELECT k.conname::text,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
             ORDER BY u.o),
       t.relname::text, k.confdeltype::text
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
WHERE k.contype = 'f' AND k.conrelid = %s ORDER BY k.conname
"""
_CHILDREN = """
SELECT DISTINCT n.nspname::text, c.relname::text
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
WHERE k.contype = 'f' AND s.nspname::text = ANY(%s) AND t.relname::text = ANY(%s)
"""
#: A table that was never analysed is counted from this size on; below it is small anyway.
_COUNTED_BYTES = 64 * 1024
_BYTES_A_ROW = 40


def relations(server: Server, names: Collection[Name], alias: str) -> list[Relation]:
    """Those of ``names`` (schema and table) that are tables. The caller guards the connection."""
    if not names:
        return []
    if server.vendor == "sqlite":
        found = (sqlite_catalogue.relation(server, name, alias) for _, name in sorted(set(names)))
        return [relation for relation in found if relation.columns]  # else it is a part of a query
    roots = {
        (str(schema), str(name)): (str(top), str(root))
        for schema, name, top, root in server.run(_ROOTS, _listed(names))
        if (schema, name) in names
    }
    names = {*names, *roots.values()}
    rows = server.run(_TABLES, _listed(names))
    return [
        _relation(server, row, alias)._replace(root=roots.get((row[1], row[2])))
        for row in sorted(rows, key=lambda r: (r[1], r[2]))
        if (row[1], row[2]) in names
    ]


def _listed(names: Collection[Name]) -> tuple[list[str], list[str]]:
    return sorted({s for s, _ in names}), sorted({t for _, t in names})


def deleted_from(plans: Iterable[Plan]) -> set[Name]:
    """The tables that statements delete from."""
    return {
        (node.schema, node.relation)
        for plan in plans
        for node in plan.nodes
        if node.kind == "Delete" and node.relation
    }


def children(server: Server, names: Collection[Name]) -> set[Name]:
    """The tables whose foreign keys lead to ``names``: a deletion looks into them."""
    if not names or server.vendor != "postgresql":
        return set()
    return {(str(row[0]), str(row[1])) for row in server.run(_CHILDREN, _listed(names))}


def _relation(server: Server, row: Collection[object], alias: str) -> Relation:
    oid, schema, name, tuples, size, visible, is_partitioned = row
    leaves = server.run(_LEAVES, (oid,)) if is_partitioned else []
    if leaves:
        tuples = sum(max(float(leaf[2]), 0.0) for leaf in leaves)
        size = sum(int(leaf[3] or 0) for leaf in leaves)
    return Relation(
        alias=alias,
        vendor="postgresql",
        schema=str(schema),
        name=str(name),
        rows=_rows(server, str(schema), str(name), float(str(tuples)), int(str(size))),
        bytes=int(str(size)),
        columns=tuple(
            CatalogColumn(
                str(column),
                str(type_),
                _float(distinct),
                _float(nulls),
                _float(width),
                _short(correlation),
                _short(commonest),
            )
            for column, type_, distinct, nulls, width, correlation, commonest in _columns(
                server, oid, str(schema), str(name), leaves
            )
        ),
        indexes=tuple(_index(server, index) for index in server.run(_INDEXES, (oid,))),
        foreign_keys=tuple(
            ForeignKey(str(key), tuple(map(str, columns)), str(target), str(action))
            for key, columns, target, action in server.run(_FOREIGN_KEYS, (oid,))
        ),
        visible=_short(visible),
        partitions=len(leaves),
        statistics=tuple(_statistics(server, *found) for found in server.run(_STATISTICS, (oid,))),
    )


def _statistics(
    server: Server, oid: object, has_expressions: bool, columns: Sequence[str]
) -> tuple[str, ...]:
    """What a CREATE STATISTICS is about: columns, then expressions without their constants."""
    texts: Sequence[str] = []
    if has_expressions:
        [[texts]] = server.run(_EXPRESSIONS, (oid,))
    return (*columns, *map(scrubbed, texts))


def _columns(
    server: Server, oid: object, schema: str, name: str, leaves: Sequence[Row]
) -> Sequence[Row]:
    """With statistics; autovacuum takes none of a partitioned table, so those of its largest
    partition stand for it where nobody did."""
    found = server.run(_COLUMNS, (schema, name, bool(leaves), oid))
    if leaves and all(row[2] is None for row in found):
        found = server.run(_COLUMNS, (leaves[0][0], leaves[0][1], False, oid))
    return found


def _rows(server: Server, schema: str, name: str, tuples: float, size: int) -> int:
    """What ANALYZE saw; where it never looked, as in a test, a count."""
    if tuples > 0:
        return round(tuples)
    if size < _COUNTED_BYTES:
        return size // _BYTES_A_ROW
    [[count]] = server.run(f"SELECT count(*) FROM {quoted(schema)}.{quoted(name)}", ())
    return int(count)


def _index(server: Server, row: Collection[object]) -> CatalogIndex:
    (oid, name, method, keys, columns, unique, primary, valid, size, constraint, predicate,
     scans) = row  # fmt: skip
    parts = [
        IndexKey(_bare(str(text)), bool(plain), bool(descending), str(opclass or ""))
        for _, text, plain, descending, opclass in server.run(_KEYS, (oid, oid))
    ]
    number = int(str(keys))
    assert len(parts) == int(str(columns))
    return CatalogIndex(
        name=str(name),
        method=str(method),
        keys=tuple(parts[:number]),
        include=tuple(part.text for part in parts[number:]),
        predicate=str(predicate),
        unique=bool(unique),
        primary=bool(primary),
        constraint=bool(constraint),
        valid=bool(valid),
        bytes=int(str(size)),
        scans=None if scans is None else int(str(scans)),
    )


def _bare(text: str) -> str:
    """A key without DESC and the like, and a column without its quotes."""
    text = re.sub(r"\s+(?:DESC|ASC|NULLS FIRST|NULLS LAST)\b", "", text)
    if re.fullmatch(r'"(?:[^"]|"")+"', text):
        return text[1:-1].replace('""', '"')
    return text


def _short(value: object) -> float | None:
    """A share of a sample, to the two digits that there are to know."""
    return None if value is None else float(f"{float(str(value)):.2g}")


def _float(value: object) -> float | None:
    return float(str(value)) if value is not None else None
