"""The fold of the rules about how much was read: rows and objects by statement and stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from queryaudit.detectors.base import View
from queryaudit.detectors.places import editable, evaluated_at
from queryaudit.records.definitions import (
    Access,
    Frame,
    Model,
    Origin,
    Stack,
)
from queryaudit.records.events import Fetch, Hydration, Query
from queryaudit.records.kinds import FetchKind
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

#: Parameter sets of one place that are told apart.
_DISTINCT = 2

#: Statement, stack, access and ignore.
_Key = tuple[int, int, int | None, int | None]


class _Tally:
    __slots__ = (
        "copies",
        "duration_ns",
        "held",
        "hydration_ns",
        "most",
        "params",
        "queries",
        "rows",
    )

    def __init__(self) -> None:
        self.queries = 0
        self.duration_ns = 0
        self.rows = 0
        self.most = 0
        self.held = 0
        self.hydration_ns = 0
        self.copies = 0
        self.params: set[int] = set()


class ReadFold:
    """See the module; bounded by distinct statement, stack and access."""

    def __init__(self) -> None:
        self._tallies: dict[_Key, _Tally] = {}
        #: All of them once the scope has ended, for several rules.
        self._reads: list[Read] | None = None

    def add(self, query: Query) -> None:
        key = (query.sql, query.stack, query.access, query.ignored)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.queries += 1
        tally.duration_ns += query.duration_ns
        if len(tally.params) < _DISTINCT:
            tally.params.add(query.params)

    def fetch(self, fetch: Fetch) -> None:
        tally = self._tallies.get((fetch.sql, fetch.stack, fetch.access, fetch.ignored))
        if tally is None:
            return
        tally.rows += fetch.rows
        tally.most = max(tally.most, fetch.rows)
        if fetch.kind is FetchKind.CURSOR and fetch.complete:
            tally.held = max(tally.held, fetch.rows)

    def hydration(self, hydration: Hydration) -> None:
        """A queryset was evaluated: its rows are in memory, all at once."""
        key = (hydration.sql, hydration.stack, hydration.access, hydration.ignored)
        tally = self._tallies.get(key)
        if tally is None:
            return
        tally.held = max(tally.held, hydration.rows)
        tally.hydration_ns += hydration.duration_ns
        if hydration.different is not None:
            tally.copies = max(tally.copies, hydration.rows - hydration.different)

    def reads(self, view: View) -> Sequence[Read]:
        """Asked once the scope has ended."""
        if self._reads is None:
            self._reads = [*self._made(view)]
        return self._reads

    def _made(self, view: View) -> Iterator[Read]:
        for (sql, stack, access, ignored), tally in self._tallies.items():
            text = view.tables.sql[sql].text
            statement = view.statements.of(text)
            if statement.verb is not Verb.SELECT:
                continue
            origins = view.tables.origins_at(sql, stack)
            yield Read(
                text=text,
                statement=statement,
                stack=view.tables.stacks[stack],
                access=view.tables.accesses[access] if access is not None else None,
                origin=origins[-1] if origins else None,
                model=view.tables.model_of(statement.shape.table),
                queries=tally.queries,
                duration_ns=tally.duration_ns,
                rows=tally.rows,
                most=tally.most,
                held=tally.held,
                hydration_ns=tally.hydration_ns,
                copies=tally.copies,
                varies=len(tally.params) > 1,
                ignored=ignored,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A SELECT at one stack, and what was fetched by it in the scope."""

    text: str
    statement: Statement
    stack: Stack
    access: Access | None
    origin: Origin | None
    model: Model | None  #: of the table that it is about
    queries: int
    duration_ns: int
    rows: int  #: over all its queries, of those with two or more
    most: int  #: of one query
    held: int  #: most rows that were in memory at once; 0 where they were streamed
    hydration_ns: int
    copies: int  #: most rows of one query that another row of it was equal to by its key
    varies: bool  #: it was asked with several values
    ignored: int | None

    @property
    def is_eager(self) -> bool:
        """A prefetch, which follows from what it belongs to."""
        access = self.access
        return access is not None and bool(access.path) and access.path[-1].eager

    @property
    def method(self) -> str | None:
        return self.access.method if self.access is not None else None

    def evaluated(self, view: View) -> Frame | None:
        return evaluated_at(self.stack.frames, view)

    def frame(self, view: View) -> Frame | None:
        """Where the queryset is built, if that is one's own, else where it is evaluated."""
        built = self.origin.built if self.origin is not None else None
        return editable((built, self.evaluated(view)), view)
