"""Indexes that were proposed, and what became of each when it was tried."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from queryaudit.records.findings import Location

#: From this factor on a range is no mere noise.
_WIDE = 1.5


class Outcome(Enum):
    """What a trial said about an index."""

    PROVED = "proved"  #: used, faster beyond noise, same rows, nothing slower
    REFUTED = "refuted"
    UNKNOWN = "unknown"  #: it could not be tried; never the same as useless
    ESTIMATED = "estimated"  #: the planner would use it, and says that it pays; not executed
    IDEA = "idea"  #: it was not to be tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A statement that an index is for. Times are means over all values, in nanoseconds."""

    statement: str
    calls: int
    locations: tuple[str, ...]
    before_ns: int | None
    after_ns: int | None
    at_least: float | None  #: the lower bound of before / after, for the values that gain least
    at_most: float | None  #: before / after for the values that gain most
    before_cost: float | None = None  #: in the planner's units
    after_cost: float | None = None

    @property
    def bounds(self) -> str:
        """Between which values the gain lies, to be said after its mean."""
        if self.at_least is None or self.at_most is None:
            return ""
        # A slow turn may count for the one and not for the other.
        wide = self.at_most >= self.at_least * _WIDE
        return f", at least {self.at_least:,.1f}" + (
            f" and up to {self.at_most:,.1f}, by its values" if wide else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisedIndex:
    """One index. ``code`` is Django's; ``reason`` says why the outcome is what it is."""

    title: str
    model: str
    outcome: Outcome
    reason: str
    code: str
    bytes: int | None
    build_ns: int | None
    value_sets: int  #: how many sets of values were tried
    served: tuple[Served, ...]
    table: str = ""
    wal_bytes: int | None = None  #: what an inserted row adds to the log, estimated
    insert_ns: int | None = None  #: what it adds to inserting a row, where that was measured
    alias: str = ""  #: of the database, where it is not the only one or not the default
    rule: str = "QA401"  #: of the finding that it mends
    location: Location | None = None  #: of the model whose Meta gets it, if it is the project's

    @property
    def owner(self) -> str:
        """Whose index it would be, in words."""
        return f"{self.model} on {self.alias}" if self.alias else self.model

    @property
    def is_concurrent(self) -> bool:
        """Whether its code builds it without keeping writers out."""
        return "CONCURRENTLY" in self.code.upper()

    @property
    def is_recommended(self) -> bool:
        return self.outcome in (Outcome.PROVED, Outcome.ESTIMATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedDrop:
    """A redundant index, and what became of doing without it."""

    table: str
    index: str
    outcome: Outcome
    reason: str


class Tried(NamedTuple):
    """All that was tried for a workload."""

    indexes: tuple[AdvisedIndex, ...] = ()
    drops: tuple[TriedDrop, ...] = ()
