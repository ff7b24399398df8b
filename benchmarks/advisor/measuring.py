"""What a set of indexes does: built, and each query run with them and without them in turns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import exp, log
from statistics import median
from typing import Any, NamedTuple

from django.db import connection

from benchmarks.advisor.workload import Statement

#: Turns with and without.
ROUNDS = 3
PAYS = 1.3
#: A claim is right to this factor.
NEAR = 1.5
#: Slower is what is slower by this and by so many milliseconds.
_SLOWER, _LOST_MS = 1.25, 0.5
_INSERTED = 2_000
_WRITTEN = ("advisor_order", "advisor_line", "advisor_payment", "advisor_event")


class Proposal(NamedTuple):
    """An index, and by which factor each query is said to become faster, if that is said; by
    which ones, if it is said to depend on the values."""

    name: str
    ddl: str
    claims: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]] = {}


class Claimed(NamedTuple):
    """What was said of a query and an index, and what was measured when the index is left out."""

    query: str
    claim: float
    before: float  #: milliseconds
    after: float
    ratios: tuple[float, ...]  #: measured for each value
    range: tuple[float, float] | None = None

    @property
    def factor(self) -> float:
        return self.claim / (self.before / max(self.after, 1e-3))

    @property
    def held(self) -> list[bool]:
        """Of each value whether it gains as was said, to a factor of 1.5, if ranges were said."""
        if self.range is None:
            return []
        low, high = self.range
        return [low / NEAR <= ratio <= high * NEAR for ratio in self.ratios]


class Timed(NamedTuple):
    ms: float
    used: frozenset[str]


class Compared(NamedTuple):
    """A query without indexes and with them, in milliseconds over all its values."""

    before: float
    after: float
    used: frozenset[str]
    ratios: tuple[float, ...] = ()  #: of each value

    @property
    def ratio(self) -> float:
        return self.before / max(self.after, 1e-3)


@dataclass
class Measured:
    """A contestant's set."""

    name: str
    seconds: float
    indexes: tuple[str, ...]
    bytes: int = 0
    wal: float = 0.0  #: bytes that inserting a row writes
    compared: dict[str, Compared] = field(default_factory=dict)
    paying: tuple[str, ...] = ()
    calibration: tuple[Claimed, ...] = ()

    @property
    def total(self) -> float:
        after = sum(c.after for c in self.compared.values())
        return sum(c.before for c in self.compared.values()) / after

    @property
    def mean(self) -> float:
        return exp(sum(log(c.ratio) for c in self.compared.values()) / len(self.compared))

    @property
    def slower(self) -> list[str]:
        return [
            name
            for name, c in self.compared.items()
            if c.after > c.before * _SLOWER and c.after - c.before > _LOST_MS
        ]

    @property
    def precision(self) -> float | None:
        return len(self.paying) / len(self.indexes) if self.indexes else None


def measure(
    name: str,
    seconds: float,
    proposals: Sequence[Proposal],
    asked: Mapping[str, Sequence[Statement]],
) -> Measured:
    """Build the proposals, measure, and drop them."""
    names = tuple(p.name for p in proposals)
    found = Measured(name, seconds, names)
    with connection.cursor() as cursor:
        for proposal in proposals:
            cursor.execute(proposal.ddl)
        cursor.execute("VACUUM ANALYZE")
        for index in names:
            cursor.execute("SELECT pg_relation_size(%s::regclass)", [f'"{index}"'])
            found.bytes += cursor.fetchone()[0]
    for query, each in asked.items():
        found.compared[query] = _compare(each, names)
    paying, calibration = [], []
    for proposal in proposals:
        alone = {
            query: _compare(asked[query], [proposal.name])
            for query, c in found.compared.items()
            if proposal.name in c.used
        }
        if any(c.ratio >= PAYS for c in alone.values()):
            paying.append(proposal.name)
        calibration += [
            Claimed(query, claim, *_told(alone[query]), proposal.ranges.get(query))
            for query, claim in proposal.claims.items()
            if query in alone
        ]
    found.paying, found.calibration = tuple(paying), tuple(calibration)
    found.wal = _wal()
    with connection.cursor() as cursor:
        for index in names:
            cursor.execute(f'DROP INDEX "{index}"')
    return found


def _told(one: Compared) -> tuple[float, float, tuple[float, ...]]:
    return one.before, one.after, one.ratios


def _compare(each: Sequence[Statement], names: Sequence[str]) -> Compared:
    before = after = 0.0
    used: frozenset[str] = frozenset()
    ratios = []
    for statement in each:
        fast: list[Timed] = []
        slow: list[Timed] = []
        for turn in range(ROUNDS + 1):
            for into in (fast, slow) if turn % 2 else (slow, fast):
                with without(names if into is slow else ()):
                    into.append(timed(statement))
            if not turn and not fast[0].used.intersection(names):
                break  # the same plan with them and without
        hit = frozenset().union(*(t.used for t in fast)) & set(names)
        used |= hit
        one = median(t.ms for t in slow[1:] or slow)
        other = median(t.ms for t in fast[1:] or slow) if hit else one
        ratios.append(one / max(other, 1e-3))
        before, after = before + one, after + other
    return Compared(before, after, used, tuple(ratios))


@contextmanager
def without(names: Sequence[str]) -> Iterator[None]:
    if not names:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute("DROP INDEX " + ", ".join(f'"{name}"' for name in names))
            yield
        finally:
            cursor.execute("ROLLBACK")


def timed(statement: Statement) -> Timed:
    """Planning and execution: Django has each query planned anew."""
    with connection.cursor() as cursor:
        # After an index came or went the catalogue is read again, which is nobody's query.
        cursor.execute(f"EXPLAIN {statement.sql}", statement.params)
        text = f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON) {statement.sql}"
        cursor.execute(text, statement.params)
        root = _root(cursor.fetchone()[0])
    return Timed(root["Planning Time"] + root["Execution Time"], frozenset(used_in(root["Plan"])))


def used_in(plan: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in plan:
        yield str(plan["Index Name"])
    for child in plan.get("Plans", ()):
        yield from used_in(child)


def _wal() -> float:
    written = 0.0
    with connection.cursor() as cursor:
        for table in _WRITTEN:
            cursor.execute(
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND attname <> 'id'",
                [table],
            )
            columns = cursor.fetchone()[0]
            cursor.execute("BEGIN")
            cursor.execute(
                f"EXPLAIN (ANALYZE, WAL, FORMAT JSON) INSERT INTO {table} (id, {columns})"
                f" SELECT id + 100000000, {columns} FROM {table}"
                f" ORDER BY id % 997, id LIMIT {_INSERTED}"
            )
            written += _root(cursor.fetchone()[0])["Plan"]["WAL Bytes"]
            cursor.execute("ROLLBACK")
        cursor.execute("VACUUM " + ", ".join(_WRITTEN))
    return written / (_INSERTED * len(_WRITTEN))


def _root(value: Any) -> dict[str, Any]:
    root: dict[str, Any] = (json.loads(value) if isinstance(value, str) else value)[0]
    return root
