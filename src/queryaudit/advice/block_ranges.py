"""BRIN: for ranges of a column in whose order rows were written, where a B-tree is large. Pure.

It holds the least and the greatest value of each 128 pages, so that it takes kilobytes where a
B-tree takes gigabytes, and a write costs next to nothing. What it finds are pages, not rows.
"""

from __future__ import annotations

from queryaudit.advice.candidates import Candidate, Key, is_served
from queryaudit.advice.scans import Scan

#: A B-tree over fewer rows is small enough.
_ROWS = 1_000_000
_ORDERED = 0.95


def block_ranges(scan: Scan, tree: Candidate) -> Candidate | None:
    """The BRIN index that could stand in the place of ``tree``, the B-tree for ``scan``."""
    relation = scan.relation
    key = tree.keys[0]
    if tree.method != "btree" or tree.equal or tree.where is not None or len(tree.keys) > 1:
        return None
    if key.function or key.opclass or relation.vendor != "postgresql" or relation.rows < _ROWS:
        return None
    if scan.order is not None and scan.order.limited:
        return None  # it has no order to hand out
    known = next((c.correlation for c in relation.columns if c.name == key.column), None)
    if known is None or abs(known) < _ORDERED:
        return None
    found = Candidate(relation.schema, relation.name, "brin", (Key(key.column),), 0)
    return None if is_served(scan, found) else found
