"""A plan as a report shows it: steps in order, each with what it did by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One step. Rows, time and blocks are totals over all loops; None: it was not executed."""

    depth: int
    kind: str
    target: str  #: table, index or subplan
    detail: str  #: conditions and keys, without values
    estimated_rows: int | None  #: None: the server does not tell
    rows: int | None
    removed: int | None  #: rows read and turned away
    loops: int | None
    own_ns: int | None  #: time in this step alone
    blocks: int | None  #: read or found in memory, by this step alone
    spilled: int | None  #: temporary blocks written, by this step alone
    percent: int  #: of the plan's time, or of its cost if it was not executed
    expensive: bool  #: on the way to the step that costs most
    never: bool  #: planned, and not needed when it was executed


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """The plan of one statement."""

    fingerprint: str
    statement: str
    database: str  #: alias
    mode: str  #: refused, generic, planned or analyzed
    reason: str  #: why it was taken no further
    duration_ns: int | None
    calls: int
    locations: tuple[str, ...]  #: ``path:line`` of who asked, capped
    steps: tuple[PlanStep, ...]
