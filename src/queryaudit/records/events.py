"""What capture writes down: the rows of a trace, hot ones as tuples.

A trace is one stream. Definitions (a statement text, a stack, an origin) are rows too and precede
the first row that refers to them by id: no reader has to look ahead, a torn tail costs the tail.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from queryaudit.records.counted import Counted
from queryaudit.records.parameters import Nulls
from queryaudit.records.plans import Explaining, Plan, Relation
from queryaudit.records.sources import FileHead
from queryaudit.records.texts import Hole
from queryaudit.records.waits import Wait

#: Bumped when a row's meaning or shape changes; readers refuse newer ones by name.
TRACE_SCHEMA = 1


class ScopeKind(IntEnum):
    """The unit of work that a query belongs to."""

    REQUEST = 1
    TEST = 2
    BLOCK = 3
    COMMAND = 4
    TASK = 5
    MESSAGE = 6


class Phase(IntEnum):
    """Which part of a test ran; everything that is not a test is CALL.

    Fixtures that create rows are not the code under audit: only CALL is judged.
    """

    SETUP = 1
    CALL = 2
    TEARDOWN = 3


class FrameKind(IntEnum):
    """Whose code a frame is."""

    PROJECT = 1
    TEST = 2
    LIBRARY = 3
    TEMPLATE = 4
    SERIALIZER = 5


class AccessKind(IntEnum):
    """How rows already loaded caused a further query."""

    FORWARD = 1  #: forward foreign key or one-to-one
    REVERSE_ONE = 2  #: the other side of a one-to-one
    COLLECTION = 3  #: reverse foreign key
    MANY = 4  #: many-to-many, either side
    GENERIC = 5  #: GenericForeignKey
    GENERIC_COLLECTION = 6  #: GenericRelation
    DEFERRED = 7  #: a column left out by only() or defer()


class FetchKind(IntEnum):
    """Who asked the cursor for its rows."""

    ORM = 1  #: a queryset, whatever its rows become
    RAW = 2  #: ``Manager.raw()``
    CURSOR = 3  #: a cursor that somebody holds


class Boundary(IntEnum):
    """What happened to a transaction."""

    BEGIN = 1
    COMMIT = 2
    ROLLBACK = 3
    SAVEPOINT = 4
    RELEASE = 5
    SAVEPOINT_ROLLBACK = 6
    CALLBACKS = 7  #: the functions given to ``on_commit`` are about to run
    CALLED = 8  #: they ran
    FOREIGN = 9  #: the next query in it comes from a task that did not begin it


class EffectKind(IntEnum):
    """What code did to the world outside the database."""

    NETWORK = 1
    MAIL = 2
    PUBLISH = 3  #: a task or message was handed to a queue
    PROCESS = 4
    SLEEP = 5
    CACHE = 6  #: written, not read
    FILE = 7  #: a large one was written


class Header(NamedTuple):
    """First row of a trace: what wrote it and about which process."""

    schema: int
    run: str  #: shared by all processes of one run
    process: str  #: unique for each trace file, so that merging drops copies
    tool: str
    python: str
    django: str
    databases: tuple[tuple[str, str], ...]  #: (alias, vendor)


class Frame(NamedTuple):
    """One place in the source, resolved once for each distinct site.

    Lines count from 1, columns from 0 in UTF-8 bytes as in ``ast``; unknown is None.
    """

    kind: FrameKind
    path: str  #: relative to the project root where possible, with forward slashes
    line: int
    end_line: int | None
    column: int | None
    end_column: int | None
    function: str  #: qualified name; for a template the tag, for a serializer Class.field
    loop_line: int | None  #: header line of the innermost loop around the call, in this function
    loop_text: str | None  #: its source, as ``for book in books``
    snippet_line: int | None  #: line number of the first line of ``snippet``
    snippet: tuple[str, ...]  #: the statement with a little context
    loop_source: tuple[str, ...] = ()  #: from ``loop_line`` to the loop's end; not if many


class SqlText(NamedTuple):
    """A statement's text as it was handed to the driver, placeholders and all."""

    id: int
    text: str


class Stack(NamedTuple):
    """The project's frames of one call, innermost first, recursion collapsed."""

    id: int
    frames: tuple[Frame, ...]
    repeats: int  #: highest number of activations of one function (1: no recursion)
    via: str = ""  #: the library's function that asked on behalf of the first frame, if one did


class FunctionText(NamedTuple):
    """The source of a function that ran a query of which more is asked than where it stands."""

    path: str
    name: str
    first_line: int  #: of its ``def``, decorators excluded
    lines: tuple[str, ...]
    decorators: tuple[str, ...] = ()  #: as they are written, without the ``@``


class Origin(NamedTuple):
    """A queryset that was evaluated and whose rows can cause further queries."""

    id: int
    model: str  #: ``app_label.ModelName``
    sql: int
    stack: int  #: where it was evaluated
    built: Frame | None  #: where its first manager call stands, if seen


class Step(NamedTuple):
    """One hop from a row to what it relates to."""

    name: str  #: accessor name, as in ``author`` or ``review_set``
    kind: AccessKind
    eager: bool  #: loaded together with its parent (joined or prefetched), not lazily


class Access(NamedTuple):
    """A lazy access on rows of an origin: relation path from the origin, and what was asked.

    ``origin`` is None for rows that no queryset under audit loaded.
    """

    id: int
    origin: int | None
    owner: str  #: ``app_label.ModelName`` on which the last step's attribute was read
    path: tuple[Step, ...]
    method: str | None  #: ``count``, ``exists``, ``first``, ... ; None for plain iteration
    narrowed: bool  #: the relation was filtered, ordered or sliced further
    prefetched: bool  #: the relation's prefetch cache was filled, and asked past
    target: str | None  #: ``app_label.ModelName`` that is loaded


class ScopeStart(NamedTuple):
    """A unit of work begins. Ids are unique within one trace."""

    id: int
    parent: int | None
    kind: ScopeKind
    name: str
    phase: Phase


class Ignored(NamedTuple):
    """An ``ignore()`` or a marker that was active when a query ran. ``codes`` empty: any rule."""

    id: int
    outer: int | None  #: the ignore around this one
    codes: tuple[str, ...]
    reason: str
    path: str
    line: int
    optional: bool = False  #: may go unused without being told


class Provenance(NamedTuple):
    """How a statement's text was put together, where it was not Django that did it."""

    sql: int
    stack: int
    method: str  #: what it was handed to, as ``cursor.execute``
    how: str  #: ``f-string``, ``%``, ``join()``, ...
    words: str  #: the expression that put it together; for findings to be told apart
    call: Frame
    built: Frame
    holes: tuple[Hole, ...]
    quoted: bool  #: a placeholder stands between quotes
    statement: str = ""  #: the text as far as the source has it, where none ran


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


class Column(NamedTuple):
    """A concrete field of a model."""

    name: str
    attname: str
    column: str
    kind: str  #: ``get_internal_type()``
    target: str | None  #: label of the model that a foreign key leads to
    unique: bool
    null: bool
    primary: bool
    indexed: bool
    constrained: bool = True  #: the database knows that ``target`` is referred to
    renewed: bool = False  #: each save gives it a value, as ``auto_now`` does


class Model(NamedTuple):
    """What rules need to know of a model, so that a trace can be judged without its project."""

    label: str
    table: str
    columns: tuple[Column, ...]
    unique: tuple[tuple[str, ...], ...]  #: names of fields that are unique together, always
    ordering: tuple[str, ...]
    save: str | None  #: where ``save`` is overridden, as ``shop.models.Book.save``
    delete: str | None
    signals: tuple[str, ...]  #: signals with receivers, as ``post_save``
    parents: tuple[str, ...]  #: labels of the concrete models it inherits from
    path: str | None = None  #: the file of the project that it stands in
    module: str = ""  #: where its class is defined
    manager: str = "objects"  #: its default manager


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
