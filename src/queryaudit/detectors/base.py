"""What a detector is: a streaming fold over a scope's events, and the judgement at its end.

A detector never sees where its events come from. State for a scope is bounded by distinct
statement and call site, never by the number of queries.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from queryaudit.advice.class_edits import is_class
from queryaudit.advice.file_names import FileNames
from queryaudit.advice.row_uses import RowUse
from queryaudit.advice.row_writes import RowWrite
from queryaudit.records.counted import Counted
from queryaudit.records.definitions import (
    Access,
    Frame,
    FunctionText,
    Ignored,
    Model,
    Origin,
    Provenance,
    SqlText,
    Stack,
    Step,
)
from queryaudit.records.events import (
    Effect,
    Fetch,
    Header,
    Held,
    Hydration,
    Query,
    ScopeStart,
    Transaction,
    Usage,
)
from queryaudit.records.findings import Evidence, Fix
from queryaudit.records.kinds import FrameKind
from queryaudit.records.plans import Explaining, Plan, Relation
from queryaudit.records.rules import Rule, Severity
from queryaudit.records.sources import FileHead
from queryaudit.records.waits import Wait
from queryaudit.records.workload import Site, Workload
from queryaudit.sql.statement import Statement

#: Code under audit.
OWN = frozenset({FrameKind.PROJECT, FrameKind.TEMPLATE, FrameKind.SERIALIZER})


_Made = TypeVar("_Made")


class Definitions(Protocol):
    """The trace's definitions by id."""

    header: Header | None
    sql: dict[int, SqlText]
    stacks: dict[int, Stack]
    origins: dict[int, Origin]
    accesses: dict[int, Access]
    ignores: dict[int, Ignored]
    functions: dict[str, list[FunctionText]]  #: by path
    heads: dict[str, FileHead]  #: by path
    models: dict[str, Model]  #: by label
    explaining: Explaining | None
    plans: list[Plan]
    relations: list[Relation]
    provenances: dict[tuple[int, int], Provenance]  #: by statement and stack
    nulls: dict[tuple[int, int], tuple[tuple[int, ...], ...]]  #: positions, by statement and stack

    def origins_at(self, sql: int, stack: int) -> list[Origin]:
        """The origins of a statement's rows at a stack."""

    def model_of(self, table: str) -> Model | None:
        """The first model that has its rows in ``table``."""

    def of_models(self, make: Callable[[Iterable[Model]], _Made]) -> _Made:
        """What ``make`` makes of the models, made once."""


class StatementSource(Protocol):
    def of(self, text: str) -> Statement: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The options that rules obey, named as in the configuration."""

    n_plus_one_threshold: int = 2
    max_rows: int = 10_000
    max_offset: int = 10_000
    max_in_list: int = 1_000
    max_transaction_queries: int = 100
    max_transaction_ms: int = 2_000
    batch_files: tuple[str, ...] = ()
    max_queries: int | None = None
    deep: bool = False
    small_table: int = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a judgement may look at besides its fold."""

    scope: ScopeStart
    tables: Definitions
    statements: StatementSource
    limits: Limits = Limits()
    #: Frames in which somebody can change something; in an audit() block, test code too.
    own: frozenset[FrameKind] = OWN

    @property
    def threshold(self) -> int:
        """From how many rows on a query for each row is one too many."""
        return self.limits.n_plus_one_threshold

    @property
    def vendors(self) -> dict[str, str]:
        """The kinds of the databases, by alias, as far as the trace says."""
        header = self.tables.header
        return dict(header.databases) if header is not None else {}


class Fold(Protocol):
    """Bounded state of one scope.

    A fold that has a method named in ``HOOKS`` gets those occurrences too, in order: ``inner`` is
    told of a scope inside this one, which has its queries to itself. One that has
    a method ``begin(view)`` is told of the scope first, to look definitions up as they come.
    """

    def add(self, query: Query) -> None: ...


#: The fold's method for each kind of occurrence.
HOOKS: Mapping[type[Any], str] = {
    Query: "add",
    Fetch: "fetch",
    Hydration: "hydration",
    Counted: "counted",
    Held: "held",
    Usage: "usage",
    Transaction: "transaction",
    Effect: "effect",
    ScopeStart: "inner",
    Wait: "wait",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One cause seen in one scope.

    ``group`` names the root cause and ``cause`` one way it shows; both are built from what
    stays the same when lines move, tests are reordered and fixtures grow. Sightings that agree
    in both are added up over scopes, processes and traces.
    """

    rule: str
    group: tuple[str, ...]
    cause: tuple[str, ...]
    severity: Severity
    frame: Frame  #: where to edit
    evaluated: Frame | None = None
    access: Frame  #: where the query was caused
    loop: tuple[str, int, str] | None = None  #: (path, line, text)
    model: str | None = None  #: label of the source queryset's model
    owner: str | None = None
    target: str | None = None
    path: tuple[Step, ...] = ()
    method: str | None = None
    narrowed: bool = False
    prefetched: bool = False
    statement: str
    queries: int
    duration_ns: int
    rows: int = 0
    #: Of which the greatest tells, where they can't be added up: as the rows that one query locked.
    most: int = 0
    use: RowUse | None = None  #: what the source does with the rows, where the rule is about that
    note: str = ""  #: describes the cause where a relation path can't
    #: Digests of a few texts that ran, where a rule is about how they differ.
    variants: frozenset[int] = frozenset()
    #: The rows were reached through a collection that the code filtered or sliced.
    through_narrowed: bool = False
    arrays: bool = False  #: the databases take a list for one parameter, as PostgreSQL does
    changed: bool = False  #: the code writes to the tables that it reads, in between
    write: RowWrite | None = None  #: what is written, where the rule is about that
    ignored: int | None = None  #: the innermost ``ignore()`` that was active, by its trace's id
    frames: tuple[Frame, ...] = field(default=())  #: all places where an ignore comment counts
    #: What the file of ``frame`` knows by name, and the class whose header ``frame`` is.
    names: FileNames | None = None
    body: FunctionText | None = None
    fix: Fix | None = None  #: known to a rule when it judges; ``advise`` may as well find it
    evidence: Evidence | None = None


def placed(sighting: Sighting, tables: Definitions) -> Sighting:
    """With what an edit has to know of the file that it is in."""
    frame = sighting.frame
    head = tables.heads.get(frame.path)
    if head is None:
        return sighting
    labels = {sighting.model or "", sighting.owner or "", sighting.target or ""}
    models = [tables.models[label] for label in sorted(labels & tables.models.keys())]
    texts = tables.functions.get(frame.path, ()) if is_class(frame) else ()
    body = next((text for text in texts if text.first_line == frame.line), None)
    return replace(sighting, names=FileNames(head, tuple(models)), body=body)


class Nomination(NamedTuple):
    """A sighting of a survey, and the place in the workload that it was made at."""

    sighting: Sighting
    site: Site


class Detector:
    """Base of all rules. The docstring is the rule's page, with the headings of ``Rule``."""

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.WARNING
    summary: ClassVar[str]
    fold: ClassVar[type[Any]]
    #: Its notes give way to any other finding about the same line.
    yields: ClassVar[bool] = False

    @classmethod
    def rule(cls) -> Rule:
        return Rule(
            code=cls.code,
            name=cls.name,
            severity=cls.severity,
            summary=cls.summary,
            doc=inspect.getdoc(cls) or "",
        )

    def judge(self, fold: Any, view: View) -> Iterable[Sighting]:
        """The sightings of one finished scope."""
        return ()

    def facts(self, fold: Any, view: View) -> Iterable[Hashable]:
        """What a finished scope adds to a judgement of the run; in words, equal over traces."""
        return ()

    def conclude(self, facts: Sequence[Any]) -> Iterable[tuple[Sighting, Sequence[Any]]]:
        """The sightings of all facts of the run, each with the facts that it rests on."""
        return ()

    def survey(self, workload: Workload, limits: Limits) -> Iterable[Nomination]:
        """The sightings of the run as a whole, where its statements were explained."""
        return ()

    def read(self, told: Provenance) -> Iterable[Sighting]:
        """The sightings of a text that was read in the source and not seen to run."""
        return ()

    def confirm(self, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
        """Those of a root cause that stand, given all of the run; none, and there is no finding.

        A rule that judges the run as a whole sights what speaks against a finding too.
        """
        return sightings

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        """What the claim rests on; None for "seen as it ran"."""
        return None

    def saved(self, queries: int, scopes: int) -> int:
        """How many of ``queries`` the fix saves; by default all but one in each scope."""
        return max(0, queries - scopes)

    def message(self, sightings: Sequence[Sighting]) -> str:
        """One sentence for all sightings of one root cause."""
        return self.summary

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        """What to write instead; pure, from the sightings alone."""
        return None


#: How many different texts are told apart.
MAX_VARIANTS = 8


def some_variants(*found: frozenset[int]) -> frozenset[int]:
    """The union, cut down in a way that does not depend on the order."""
    return frozenset(sorted(frozenset().union(*found))[:MAX_VARIANTS])


#: Detectors by code.
RuleSet = Mapping[str, Detector]
