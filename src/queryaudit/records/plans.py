"""What a planner said about a statement, and what the catalogue says about the tables in it.

Rows of a trace, like the events: they hold no parameter value. Literals in conditions are ``?``,
and of a LIKE pattern only its shape is kept, ``'%?%'`` or ``'?%'``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class PlanMode(IntEnum):
    """How far a statement was taken, weakest first."""

    REFUSED = 0  #: it may not be planned, or could not be: ``reason`` says why
    GENERIC = 1  #: planned without values: skew does not show
    PLANNED = 2  #: planned with values that the application used
    ANALYZED = 3  #: executed with them


class PlanNode(NamedTuple):
    """One step of a plan. Rows, time and blocks are totals over all loops, children included."""

    parent: int | None  #: index of the parent in the plan's nodes
    kind: str  #: ``Seq Scan``, ``Hash Join``, ...
    role: str  #: ``Outer``, ``Inner``, ``SubPlan``, ``InitPlan`` or empty
    name: str  #: of a subplan or common table expression
    schema: str
    relation: str
    alias: str
    using: str  #: the index
    join: str  #: ``Inner``, ``Left``, ... of a join
    condition: str  #: what the access or the join is made by
    filter: str  #: what is looked at row by row, after the access
    keys: tuple[str, ...]  #: of a sort or group, with DESC where it says so
    presorted: int  #: how many of ``keys`` arrive in order
    cost: float
    estimated_rows: float  #: of one loop
    actual_rows: float | None
    loops: int | None
    removed: float | None  #: rows that ``filter`` turned away
    time_ns: int | None
    hit: int | None  #: shared blocks found in memory
    read: int | None  #: shared blocks read from disk
    spilled: int | None  #: temporary blocks written
    method: str  #: of a sort: ``quicksort``, ``external merge``; of a hash: how many batches
    limit_above: bool  #: stops as soon as somebody above has enough
    #: Of a scan: the columns that the plan needs of its table; empty where that is not known.
    needs: tuple[str, ...] = ()


class Plan(NamedTuple):
    """The plan of a statement; its nodes from the root, parents before children."""

    sql: int
    alias: str
    vendor: str
    mode: PlanMode
    reason: str
    duration_ns: int | None  #: what executing it took
    nodes: tuple[PlanNode, ...]

    @property
    def looked_at(self) -> float:
        """Rows of tables that were seen when it was executed, those that a filter turned away too;
        0 if it was not."""
        return sum((n.actual_rows or 0.0) + (n.removed or 0.0) for n in self.nodes if n.relation)


class IndexKey(NamedTuple):
    """One key of an index."""

    text: str  #: the column's name, or the expression
    is_column: bool
    descending: bool
    opclass: str


class CatalogIndex(NamedTuple):
    name: str
    method: str  #: ``btree``, ``gin``, ...
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...]
    predicate: str
    unique: bool
    primary: bool
    constraint: bool  #: belongs to a constraint, and goes with it only
    valid: bool
    bytes: int
    scans: int | None  #: since the server's statistics began


class CatalogColumn(NamedTuple):
    name: str
    type: str
    distinct: float | None  #: as in ``pg_stats``: below 0 a share of the rows
    nulls: float | None  #: share
    width: float | None = None  #: mean, in bytes
    #: of the order of values and that of the rows on disk, from -1 to 1
    correlation: float | None = None
    commonest: float | None = None  #: share of the most common value


class ForeignKey(NamedTuple):
    name: str
    columns: tuple[str, ...]
    target: str
    on_delete: str


class Relation(NamedTuple):
    """A table as the server's catalogue has it."""

    alias: str
    vendor: str
    schema: str
    name: str
    rows: int
    bytes: int
    columns: tuple[CatalogColumn, ...]
    indexes: tuple[CatalogIndex, ...]
    foreign_keys: tuple[ForeignKey, ...]
    visible: float | None = None  #: share of the pages that an index-only scan need not look at
    #: Of a partition: schema and name of the table that it is a part of, at the top.
    root: tuple[str, str] | None = None
    partitions: int = 0  #: that hold rows
    statistics: tuple[tuple[str, ...], ...] = ()  #: columns, expressions of CREATE STATISTICS
    #: In which the application takes dates of moments, as its settings have it.
    time_zone: str = ""


class Explaining(NamedTuple):
    """The statements of this trace are explained."""

    mode: PlanMode
