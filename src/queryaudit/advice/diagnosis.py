"""Which scans of a plan waste work, why, and what index would end it. Pure.

Each scan has one diagnosis at most, so that no two rules speak about the same read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from queryaudit.advice.candidates import (
    Candidate,
    alternatives,
    candidate,
    distinct,
    ordered_candidate,
)
from queryaudit.advice.conditions import Clause, Compared, clauses
from queryaudit.advice.scans import Relations, Scan, scans
from queryaudit.records.plans import Plan, Relation

#: A filter that keeps more of what it reads than this is served by reading it all.
_SELECTIVE = 0.1
_MANY_VALUES = 200
_FUNCTIONS = frozenset({"date", "part"})


class Trouble(Enum):
    """Why a table is read as it is."""

    NO_INDEX = "no index"
    FOREIGN_KEY = "foreign key"
    UNSERVED = "unserved"  #: there is an index, but the condition is written past it
    SORT = "sort"


class Diagnosis(NamedTuple):
    """A scan that wastes work. Without ``candidate`` the query is to be rewritten."""

    scan: Scan
    trouble: Trouble
    candidate: Candidate | None
    clause: Clause | None  #: of UNSERVED, the condition that is written past the index
    #: What it takes besides ``candidate``: each arm of an OR needs an index.
    others: tuple[Candidate, ...] = ()

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return (self.candidate, *self.others) if self.candidate is not None else ()


def diagnoses(plan: Plan, relations: Relations, small_table: int) -> Iterator[Diagnosis]:
    """The scans of a plan that waste work, in its order. Small tables have none."""
    for scan in scans(plan, relations):
        if scan.relation.rows < small_table or scan.read < small_table:
            continue
        found = _filtered(scan) if is_selective(scan) else _sorted(scan, small_table)
        if found is None or _is_chance(found):
            continue
        if scan.measured or _is_estimable(found):
            yield found


def is_selective(scan: Scan) -> bool:
    return scan.kept <= scan.read * _SELECTIVE


def _filtered(scan: Scan) -> Diagnosis | None:
    own = [c for c in clauses(scan.condition) if c.alias == scan.node.alias]
    wanted = candidate(scan)
    rewritten = next(
        (c for c in own if c.function in _FUNCTIONS and c.test is not Compared.OTHER), None
    )
    if wanted is None:
        arms = alternatives(scan)
        if arms:
            return Diagnosis(scan, Trouble.NO_INDEX, arms[0], None, arms[1:])
        if rewritten is None or not is_led(scan.relation, rewritten.column):
            return None
        return Diagnosis(scan, Trouble.UNSERVED, None, rewritten)
    if _is_foreign_key(wanted, scan.relation):
        return Diagnosis(scan, Trouble.FOREIGN_KEY, wanted, None)
    past = next((c for c in own if c.function or c.test in (Compared.INFIX, Compared.PREFIX)), None)
    is_past = past is not None and wanted.keys[0].column == past.column and _is_special(wanted)
    if past is not None and is_past and is_led(scan.relation, past.column):
        return Diagnosis(scan, Trouble.UNSERVED, wanted, past)
    return Diagnosis(scan, Trouble.NO_INDEX, wanted, None)


def _sorted(scan: Scan, small_table: int) -> Diagnosis | None:
    order = scan.order
    if order is None or order.wanted is None or order.sorted_rows < small_table:
        return None
    if order.wanted > order.sorted_rows * _SELECTIVE:
        return None
    wanted = ordered_candidate(scan)
    return Diagnosis(scan, Trouble.SORT, wanted, None) if wanted is not None else None


def _is_special(wanted: Candidate) -> bool:
    return any(key.function or key.opclass for key in wanted.keys)


def _is_foreign_key(wanted: Candidate, relation: Relation) -> bool:
    columns = tuple(key.column for key in wanted.keys)
    return any(key.columns == columns for key in relation.foreign_keys)


def is_led(relation: Relation, column: str) -> bool:
    """Whether an ordinary index begins with a column."""
    return any(
        index.method == "btree" and index.valid and index.keys and index.keys[0].is_column
        and index.keys[0].text == column and not index.predicate
        for index in relation.indexes
    )  # fmt: skip


def _is_chance(found: Diagnosis) -> bool:
    """Whether nothing was found only because of a value that no row has, in columns with so few
    values that each of them means many rows."""
    if found.candidate is None or not found.scan.measured or found.scan.kept > 0:
        return False
    equal = found.candidate.keys[: found.candidate.equal]
    known = [distinct(found.scan.relation, key.column) for key in equal]
    if not known or None in known:
        return False
    return math.prod(value for value in known if value is not None) * _SELECTIVE < 1


def _is_estimable(found: Diagnosis) -> bool:
    """Whether the planner knew the columns it estimated: without statistics it guesses."""
    relation = found.scan.relation
    return bool(found.candidates) and all(_is_known(relation, c) for c in found.candidates)


def _is_known(relation: Relation, candidate: Candidate) -> bool:
    key = candidate.keys[0]
    if candidate.where is not None:
        return distinct(relation, candidate.where[0]) is not None
    known = distinct(relation, key.column)
    # An expression has no statistics of its own; its column's will do if they leave no doubt.
    return known is not None and (not key.function or known >= _MANY_VALUES)
