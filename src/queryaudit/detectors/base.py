"""What a detector is: a streaming fold over a scope's events, and the judgement at its end.

A detector never sees where its events come from. State for a scope is bounded by distinct
statement and call site, never by the number of queries.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from queryaudit.records.events import (
    Access,
    Frame,
    FrameKind,
    Header,
    Ignored,
    Origin,
    Query,
    ScopeStart,
    SqlText,
    Stack,
    Step,
)
from queryaudit.records.findings import Fix
from queryaudit.records.rules import Rule, Severity
from queryaudit.sql.statement import Statement

#: Code under audit.
OWN = frozenset({FrameKind.PROJECT, FrameKind.TEMPLATE, FrameKind.SERIALIZER})


class Definitions(Protocol):
    """The trace's definitions by id."""

    header: Header | None
    sql: dict[int, SqlText]
    stacks: dict[int, Stack]
    origins: dict[int, Origin]
    accesses: dict[int, Access]
    ignores: dict[int, Ignored]


class StatementSource(Protocol):
    def of(self, text: str) -> Statement: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a judgement may look at besides its fold."""

    scope: ScopeStart
    tables: Definitions
    statements: StatementSource
    threshold: int = 2
    max_queries: int | None = None
    #: Frames in which somebody can change something; in an audit() block, test code too.
    own: frozenset[FrameKind] = OWN


class Fold(Protocol):
    """Bounded state of one scope."""

    def add(self, query: Query) -> None: ...


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
    evaluated: Frame | None
    access: Frame  #: where the query was caused
    loop: tuple[str, int, str] | None  #: (path, line, text)
    model: str | None  #: label of the source queryset's model
    owner: str | None
    target: str | None
    path: tuple[Step, ...]
    method: str | None
    narrowed: bool
    prefetched: bool
    statement: str
    queries: int
    duration_ns: int
    #: The rows were reached through a collection that the code filtered or sliced.
    through_narrowed: bool = False
    ignored: int | None = None  #: the innermost ``ignore()`` that was active, by its trace's id
    frames: tuple[Frame, ...] = field(default=())  #: all places where an ignore comment counts


class Detector:
    """Base of all rules. The docstring is the rule's page, with the headings of ``Rule``."""

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.WARNING
    summary: ClassVar[str]
    fold: ClassVar[type[Any]]

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

    def message(self, sightings: Sequence[Sighting]) -> str:
        """One sentence for all sightings of one root cause."""
        return self.summary

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        """What to write instead; pure, from the sightings alone."""
        return None


#: Detectors by code.
RuleSet = Mapping[str, Detector]
