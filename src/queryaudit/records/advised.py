"""Indexes that were proposed, and what became of each when it was tried."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
    at_least: float | None  #: the lower bound of before / after
    before_cost: float | None = None  #: in the planner's units
    after_cost: float | None = None


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
