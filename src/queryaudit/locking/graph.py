"""The order in which transactions take locks, and which two can come to wait for each other.

Which rows meet is not known from one run: rows of a table stand for each other unless the code
names them apart. Two transactions can deadlock if there is a moment at which each waits for what
the other holds; that moment must be reachable, so nothing that one holds by then may exclude what
the other holds by then: two that lock a common row first meet there, and one waits in peace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from queryaudit.locking.locks import Lock, blocks, same
from queryaudit.locking.modes import TableLockMode, conflict, covers
from queryaudit.records.definitions import Frame

#: The rule that these findings are of.
RULE = "QA503"
#: Stands for a column where a row is named by the argument that its key comes from.
ARGUMENT = "(argument)"
#: Rows that are locked on purpose.
ANY = "*"


def locks_rows(vendor: str) -> bool:
    """Whether a database locks rows; ``vendor`` is the last part of its engine's name."""
    return "lite" not in vendor


def is_postgres(vendor: str) -> bool:
    """PostGIS is one, too."""
    return vendor.startswith("postg")


class Step(NamedTuple):
    """One statement of a transaction, and what it locks."""

    text: str  #: as it was handed to the driver
    statement: str  #: normalised
    frame: Frame
    now: tuple[Lock, ...]
    at_commit: tuple[Lock, ...]
    #: The table by whose keys the rows are named: their own, or that of the rows they belong to.
    #: ``ANY`` where the code locks them on purpose, empty where they are found by a condition.
    named: str = ""


class Chain(NamedTuple):
    """The statements of one transaction that lock, in their order."""

    alias: str
    vendor: str
    begin: Frame
    steps: tuple[Step, ...]
    commits: bool

    @property
    def name(self) -> str:
        return self.begin.function or self.begin.path


class Point(NamedTuple):
    """A lock on its way: ``step`` is the number of the statement, or of all for the commit."""

    step: int
    lock: Lock
    frame: Frame
    statement: str


class Crossing(NamedTuple):
    """Two transactions that can each hold what the other waits for.

    ``one`` holds ``held`` when it asks for ``wanted``; ``other`` the other way round.
    """

    one: Chain
    other: Chain
    held: Point
    wanted: Point
    other_held: Point
    other_wanted: Point

    @property
    def words(self) -> tuple[str, ...]:
        """What tells a finding from another: the tables, and where the transactions begin."""
        tables = sorted((self.held.lock.table, self.wanted.lock.table))
        names = sorted(f"{c.begin.path}:{c.name}" for c in (self.one, self.other))
        return (RULE, *tables, *names)


def points(chain: Chain) -> tuple[Point, ...]:
    """The locks of a transaction in their order, without those that it has already."""
    found: list[Point] = []
    for number, step in enumerate(chain.steps):
        for lock in step.now:
            _add(found, Point(number, lock, step.frame, step.statement))
    if chain.commits:
        for step in chain.steps:
            for lock in step.at_commit:
                _add(found, Point(len(chain.steps), lock, step.frame, step.statement))
    return tuple(found)


def _add(found: list[Point], point: Point) -> None:
    lock = point.lock
    for known in found:
        if not same(known.lock, lock):
            continue
        certain = isinstance(lock.mode, TableLockMode) or (lock.row and lock.row == known.lock.row)
        if covers(known.lock.mode, lock.mode) or not certain:
            return
    found.append(point)


def crossings(found: Sequence[Chain]) -> Iterator[Crossing]:
    """Pairs of transactions that can deadlock, each once; a transaction with itself, too."""
    walked = [(chain, points(chain)) for chain in found]
    for at, (one, ours) in enumerate(walked):
        for other, theirs in walked[at:]:
            if one.alias == other.alias:
                yield from _crossings(one, ours, other, theirs)


def _crossings(
    one: Chain, ours: Sequence[Point], other: Chain, theirs: Sequence[Point]
) -> Iterator[Crossing]:
    for i, wanted in enumerate(ours):
        for j, other_wanted in enumerate(theirs):
            if _meet(ours[:i], theirs[:j]):
                break  # and so they do for any later one
            held = _blocking(ours[:i], other_wanted)
            other_held = _blocking(theirs[:j], wanted)
            if held is None or other_held is None:
                continue
            if held.step == wanted.step and other_held.step == other_wanted.step:
                continue  # in the middle of both statements: nobody could say when
            yield Crossing(one, other, held, wanted, other_held, other_wanted)


def _meet(ours: Sequence[Point], theirs: Sequence[Point]) -> bool:
    """Whether two transactions can't both have come that far: a gate that they share."""
    return any(
        same(a.lock, b.lock) and conflict(a.lock.mode, b.lock.mode) for a in ours for b in theirs
    )


def _blocking(held: Sequence[Point], wanted: Point) -> Point | None:
    return next((point for point in held if blocks(point.lock, wanted.lock)), None)
