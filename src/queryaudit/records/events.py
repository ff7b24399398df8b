"""What capture writes down: the rows of a trace, hot ones as tuples.

A trace is one stream. Definitions (a statement text, a stack, an origin) are rows too and precede
the first row that refers to them by id: no reader has to look ahead, a torn tail costs the tail.
"""

from __future__ import annotations

from typing import NamedTuple

from queryaudit.records.counted import Counted
from queryaudit.records.definitions import (
    Access,
    FunctionText,
    Ignored,
    Model,
    Origin,
    Provenance,
    SqlText,
    Stack,
    Step,
)
from queryaudit.records.kinds import Boundary, EffectKind, FetchKind, Phase, ScopeKind
from queryaudit.records.parameters import Nulls
from queryaudit.records.plans import Explaining, Plan, Relation
from queryaudit.records.sources import FileHead
from queryaudit.records.waits import Wait

#: Bumped when a row's meaning or shape changes; readers refuse newer ones by name.
TRACE_SCHEMA = 1


class Header(NamedTuple):
    """First row of a trace: what wrote it and about which process."""

    schema: int
    run: str  #: shared by all processes of one run
    process: str  #: unique for each trace file, so that merging drops copies
    tool: str
    python: str
    django: str
    databases: tuple[tuple[str, str], ...]  #: (alias, vendor)
    time_zone: str = ""  #: of the settings; empty where moments have no zone


class ScopeStart(NamedTuple):
    """A unit of work begins. Ids are unique within one trace."""

    id: int
    parent: int | None
    kind: ScopeKind
    name: str
    phase: Phase


class Query(NamedTuple):
    """One execution of a statement. The hot row."""

    scope: int
    seq: int  #: order within the trace
    start_ns: int  #: monotonic clock
    duration_ns: int
    alias: str
    sql: int
    stack: int
    access: int | None  #: set when rows already loaded caused this query
    evaluation: int | None  #: which evaluation of the origin those rows came from
    #: Salted digest of the causing row's key, or of the key by which an UPDATE names its row.
    row: int | None
    params: int  #: salted digest of the parameters; equal within a trace iff they are equal
    batch: int | None  #: number of parameter sets of ``executemany``
    error: str | None  #: exception class name
    ignored: int | None  #: the innermost ignore that was active
    transaction: int | None = None  #: the code's own; the one around a test case is none


class Fetch(NamedTuple):
    """Rows of a statement were fetched. Written from two rows on: else there were 0 or 1."""

    scope: int
    query: int  #: ``seq`` of the query
    sql: int
    stack: int
    access: int | None
    ignored: int | None
    alias: str
    rows: int
    kind: FetchKind
    complete: bool  #: fetched to the end


class Hydration(NamedTuple):
    """What a queryset's evaluation took after its rows were there: Python objects were built."""

    scope: int
    query: int
    sql: int
    stack: int
    access: int | None
    ignored: int | None
    rows: int
    duration_ns: int
    different: int | None = None  #: by their key, where a join may have given copies


class Held(NamedTuple):
    """A row that is about to be asked for by its key is there: a variable of the code has it."""

    scope: int
    sql: int  #: of the query that follows
    stack: int
    origin: int  #: the queryset that loaded the row, itself or over a relation
    name: str  #: the variable, as ``book`` or ``request.user``
    function: str  #: whose variable it is


class Usage(NamedTuple):
    """What a unit of work read of the rows of a queryset, or of those at the end of a path from it.

    Written in deep mode only; once for each queryset and path, when the unit ends.
    """

    scope: int
    origin: int
    path: tuple[Step, ...]
    evaluations: int
    loaded: tuple[str, ...] | None  #: attribute names of the columns that were loaded; None: all
    columns: tuple[str, ...]  #: attribute names of those that were read
    relations: tuple[str, ...]  #: accessors that were followed
    rows: int  #: distinct rows of which something was read, up to a cap
    whole: bool  #: rows left as a whole, as by pickling


class Transaction(NamedTuple):
    """A boundary of the transaction that begins with the code's outermost ``atomic``.

    What a test case wraps around a test is none, so within it an ``atomic`` of the code is one.
    """

    scope: int
    id: int  #: as in ``Query.transaction``; 0 for callbacks
    boundary: Boundary
    time_ns: int  #: the clock of ``Query.start_ns``
    alias: str
    stack: int  #: where it began, or where the savepoint was made
    level: int  #: savepoints that are open, the one meant included
    implicit: bool  #: Django opened it for one call, as ``delete()`` does
    ignored: int | None
    ours_ns: int = 0  #: what the audit itself took so far, to look at source for the first time


class Effect(NamedTuple):
    """Something outside the database was done while a transaction was open."""

    scope: int
    transaction: int
    kind: EffectKind
    client: str  #: the package or call that did it, as ``requests``
    start_ns: int
    duration_ns: int
    stack: int
    rows: tuple[str, ...]  #: labels of models of which a row was named by its key
    ignored: int | None


class ScopeEnd(NamedTuple):
    """A unit of work ends. Counts cover what could not be written down."""

    id: int
    duration_ns: int
    dropped: int
    counted: int  #: queries that were only counted, as those of fixtures
    name: str | None  #: the unit's name if it became known only on the way, as a URL route


#: What happens in a unit of work, in the order in which it does.
Occurrence = Query | Fetch | Hydration | Counted | Held | Usage | Transaction | Effect | Wait
#: What occurrences refer to by id.
Definition = (
    SqlText
    | Stack
    | FunctionText
    | FileHead
    | Origin
    | Access
    | Ignored
    | Model
    | Provenance
    | Nulls
    | Explaining
    | Plan
    | Relation
)
Event = Header | Definition | ScopeStart | Occurrence | ScopeEnd
