"""Runs statements with an index and without it, turn by turn, and says whether it pays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

from queryaudit.plans.server import Server

#: Turns with and without, for each set of values.
ROUNDS = 5
#: What an index must bring at least, and so many nanoseconds.
FASTER = 1.3
_SAVED_NS = 100_000
#: A statement is slower if it is by this much, and by so many nanoseconds.
SLOWER = 1.25
_LOST_NS = 500_000


class Run(NamedTuple):
    """One execution."""

    duration_ns: int
    indexes: frozenset[str]


class Compared(NamedTuple):
    """A statement with one set of values, with indexes and without. Medians of the turns."""

    before_ns: int
    after_ns: int
    at_least: float  #: a slow turn with them against a fast one without
    used: frozenset[str]
    same_rows: bool

    @property
    def is_faster(self) -> bool:
        saved = self.before_ns - self.after_ns
        return self.at_least >= FASTER and saved >= _SAVED_NS

    @property
    def is_slower(self) -> bool:
        return (
            bool(self.used)
            and self.after_ns > self.before_ns * SLOWER
            and self.after_ns - self.before_ns >= _LOST_NS
        )


def compare(server: Server, sql: str, values: Sequence[Any], names: Sequence[str]) -> Compared:
    """Run ``sql`` with the indexes ``names`` and without them, in turns.

    They are dropped inside a transaction that is rolled back, so nothing is built twice.
    """
    with_them: list[Run] = []
    without: list[Run] = []
    for turn in range(ROUNDS + 1):
        first, second = (with_them, without) if turn % 2 else (without, with_them)
        for runs in (first, second):
            if runs is without:
                with _dropped(server, names):
                    runs.append(_run(server, sql, values))
            else:
                runs.append(_run(server, sql, values))
    before = sorted(run.duration_ns for run in without[1:])  # the first turn warms up
    after = sorted(run.duration_ns for run in with_them[1:])
    rows = _rows(server, sql, values)
    with _dropped(server, names):
        same = rows == _rows(server, sql, values)
    return Compared(
        before_ns=round(median(before)),
        after_ns=round(median(after)),
        at_least=before[1] / max(after[-2], 1),
        used=frozenset().union(*(run.indexes for run in with_them)) & set(names),
        same_rows=same,
    )


def reads_copy(server: Server, sql: str, values: Sequence[Any], table: str) -> bool:
    """Whether a statement meets the copy: a view, a partition and a schema's name lead past it."""
    rows = server.run(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}", tuple(values))
    root = rows[0][0]
    root = (json.loads(root) if isinstance(root, str) else root)[0]
    return any(
        name == table and schema.startswith("pg_temp") for schema, name in _tables(root["Plan"])
    )


def _tables(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "Relation Name" in plan:
        yield str(plan.get("Schema", "")), str(plan["Relation Name"])
    for child in plan.get("Plans", ()):
        yield from _tables(child)


@contextmanager
def _dropped(server: Server, names: Sequence[str]) -> Iterator[None]:
    server.run("BEGIN")
    try:
        for name in names:
            server.run(f'DROP INDEX pg_temp."{name}"')
        yield
    finally:
        server.run("ROLLBACK")


def _run(server: Server, sql: str, values: Sequence[Any]) -> Run:
    rows = server.run(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", tuple(values))
    root = rows[0][0]
    root = (json.loads(root) if isinstance(root, str) else root)[0]
    return Run(round(root["Execution Time"] * 1e6), frozenset(_indexes(root["Plan"])))


def _indexes(plan: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in plan:
        yield str(plan["Index Name"])
    for child in plan.get("Plans", ()):
        yield from _indexes(child)


def _rows(server: Server, sql: str, values: Sequence[Any]) -> list[object]:
    """What tells one result from another, whatever its order. Which rows a LIMIT lets through is
    open where the order leaves it open: then they are counted only."""
    counted = "count(*)" if " LIMIT " in sql.upper() else "count(*), sum(hashtext(found::text))"
    [row] = server.run(f"SELECT {counted} FROM ({sql}) found", tuple(values))
    return list(row)
