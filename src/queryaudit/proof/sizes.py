"""How large an index would be, from statistics: for those that can't be built as there are no rows.

B-trees are counted as PostgreSQL builds them since 13: equal keys share a tuple of at most a tenth
of a page, pages are filled to nine tenths. Others are guessed from the width of what they hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from queryaudit.advice.candidates import Candidate, distinct, type_of
from queryaudit.plans.server import Server
from queryaudit.records.plans import Relation

BLOCK = 8192
_LEAF = (BLOCK - 24 - 16) * 0.9
_POINTER, _HEADER, _TID = 4, 8, 6
_POSTING = 812
#: Types whose equal values may differ, so that they are not stored once.
_NOT_SHARED = ("numeric", "double", "real", "jsonb")
#: Bytes of the types that need not begin at a multiple of eight.
_SHORT = {"integer": 4, "date": 4, "smallint": 2, "boolean": 1}
#: What an inverted index takes for each byte of its column.
_GIN_SHARE = {"gin_trgm_ops": 2.0}
_WIDTHS = """
SELECT s.attname::text, s.avg_width::float8, s.null_frac::float8 FROM pg_catalog.pg_stats s
WHERE s.schemaname = %s AND s.tablename = %s AND NOT s.inherited
"""


class Size(NamedTuple):
    blocks: int
    key_width: float  #: bytes


def predicted(server: Server, candidate: Candidate, relation: Relation) -> Size:
    """The size that ``candidate`` would have on a table as large as ``relation``."""
    rows = server.run(_WIDTHS, (relation.schema, relation.name))
    widths = {str(name): float(width) for name, width, _ in rows}
    nulls = {str(name): float(share) for name, _, share in rows}
    count = float(relation.rows)
    if candidate.where is not None:
        count *= nulls.get(candidate.where[0], 0.5)
    names = [*(key.column for key in candidate.keys), *candidate.include]
    types = [type_of(relation, name) for name in names]
    width = _width([widths.get(name, 8.0) for name in names], types)
    if candidate.method == "brin":
        return Size(3 + relation.bytes // BLOCK // 128 // 500, width)
    if candidate.method != "btree":
        share = _GIN_SHARE.get(candidate.keys[0].opclass, 0.5)
        return Size(max(2, math.ceil(count * widths.get(names[0], 32.0) * share / BLOCK)), width)
    is_shared = not candidate.include and not any(t.startswith(_NOT_SHARED) for t in types)
    kinds = count
    known = [distinct(relation, name) for name in names]
    if is_shared and None not in known:
        kinds = min(count, math.prod(value for value in known if value is not None))
    return Size(btree_blocks(count, max(kinds, 1.0), width), width)


def btree_blocks(rows: float, kinds: float, width: float) -> int:
    """Pages of a B-tree over ``rows``, of which ``kinds`` differ; ``width`` of a key is aligned."""
    single = _POINTER + _HEADER + width
    each = rows / kinds
    if each < 2:
        total = rows * single
    else:
        fit = max(2, math.floor((_POSTING - _HEADER - width) / _TID))
        full, rest = divmod(each, fit)
        total = kinds * (full * (_POINTER + _aligned(_HEADER + width + fit * _TID)))
        if rest >= 1:
            total += kinds * (
                _POINTER + _aligned(_HEADER + width + (rest * _TID if rest >= 2 else 0))
            )
    leaves = math.ceil(total / _LEAF)
    inner = math.ceil(leaves * single / (_LEAF * 0.7 / 0.9))
    return 1 + leaves + (inner if leaves > 1 else 0)


def _width(widths: Sequence[float], types: Sequence[str]) -> int:
    """Of an entry with these columns: short numbers stand beside each other."""
    taken = 0
    for width, name in zip(widths, types, strict=True):
        short = _SHORT.get(name)
        if short is None:
            taken = _aligned(taken) + _aligned(width)
        else:
            taken = -(-taken // short) * short + short
    return _aligned(taken)


def _aligned(width: float) -> int:
    return -(-round(width) // 8) * 8
