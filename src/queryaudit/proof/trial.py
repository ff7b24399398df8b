"""Runs statements with an index and without it, turn by turn, and says whether it pays."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from statistics import median
from typing import Any, NamedTuple, Protocol

#: Turns with and without, for each set of values.
ROUNDS = 5
#: So many do where the first turn leaves no doubt, as it is slow and many times faster.
_CLEAR_ROUNDS, _CLEAR, _SLOW_NS = 3, 10, 20_000_000
#: What an index must bring at least, and so many nanoseconds.
FASTER = 1.3
_SAVED_NS = 100_000
#: What is executed within so many nanoseconds is executed twice.
QUICK_NS = 5_000_000
#: A statement is slower if it is by this much, and by so many nanoseconds.
SLOWER = 1.25
_LOST_NS = 500_000


class Run(NamedTuple):
    """One execution, with the time that it took to plan it: Django's queries are planned anew."""

    duration_ns: int
    indexes: frozenset[str]


class Bench(Protocol):
    """Where statements are run: copies of tables in a session of our own."""

    def run(self, sql: str, values: Sequence[Any]) -> Run:
        """Plan and execute it, with what it reads in memory."""

    def without(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """A place in which these indexes are not there; after it they are, unbuilt anew."""

    def rows(self, sql: str, values: Sequence[Any]) -> object:
        """What tells one result from another, whatever its order. Which rows a LIMIT lets through
        is open where the order leaves it open: then they are counted only."""


class Compared(NamedTuple):
    """A statement with one set of values, with indexes and without. Medians of the turns."""

    before_ns: int
    after_ns: int
    at_least: float  #: a slow turn with them against a fast one without
    at_most: float  #: a fast turn with them against a slow one without
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

    @property
    def is_missed(self) -> bool:
        """Whether it is slower without the indexes, beyond the noise."""
        return self.may_be_missed and self.at_least >= SLOWER

    @property
    def may_be_missed(self) -> bool:
        """Whether it is slower without the indexes, or the noise is as loud."""
        lost = self.before_ns - self.after_ns
        return bool(self.used) and self.before_ns > self.after_ns * SLOWER and lost >= _SAVED_NS


def compare(bench: Bench, sql: str, values: Sequence[Any], names: Sequence[str]) -> Compared:
    """Run ``sql`` with the indexes ``names`` and without them, in turns. Where the plan has none of
    them there is nothing to compare."""
    first = bench.run(sql, values)  # warms up
    if not first.indexes.intersection(names):
        return Compared(first.duration_ns, first.duration_ns, 1.0, 1.0, frozenset(), True)
    with bench.without(names):
        slow = bench.run(sql, values)
    is_clear = slow.duration_ns >= max(_SLOW_NS, first.duration_ns * _CLEAR)
    with_them: list[Run] = []
    without: list[Run] = []
    for turn in range(_CLEAR_ROUNDS if is_clear else ROUNDS):
        for runs in (without, with_them) if turn % 2 else (with_them, without):
            if runs is without:
                with bench.without(names):
                    runs.append(bench.run(sql, values))
            else:
                runs.append(bench.run(sql, values))
    before = sorted(run.duration_ns for run in without)
    after = sorted(run.duration_ns for run in with_them)
    spared = 0 if is_clear else 1  # one turn may have met somebody else's work
    rows = bench.rows(sql, values)
    with bench.without(names):
        same = rows == bench.rows(sql, values)
    return Compared(
        before_ns=round(median(before)),
        after_ns=round(median(after)),
        at_least=before[spared] / max(after[-1 - spared], 1),
        at_most=before[-1 - spared] / max(after[spared], 1),
        used=frozenset().union(*(run.indexes for run in with_them)) & set(names),
        same_rows=same,
    )
