"""The family's fold: questions that were asked again although nothing had changed in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.detectors.base import View
from queryaudit.detectors.standing import Fact, StandingFold
from queryaudit.records.definitions import Access, Stack
from queryaudit.records.events import Held, Query
from queryaudit.records.kinds import AccessKind
from queryaudit.sql.statement import Statement

#: Answers remembered for one statement; older ones are forgotten.
_ANSWERS = 64
#: How many of a place's parameters are told apart.
_DISTINCT = 2

#: Methods that read in order to write: what they read must be fresh.
FRESH = frozenset({"get_or_create", "update_or_create", "bulk_create", "update", "delete"})


class _Answer:
    __slots__ = ("access", "row", "stack", "time")

    def __init__(self, query: Query, time: int) -> None:
        self.stack = query.stack
        self.access = query.access
        self.row = query.row
        self.time = time


class _Place:
    """A statement at one stack: when it ran first, and how it differs from time to time."""

    __slots__ = ("params", "runs", "since", "transaction")

    def __init__(self, since: int, transaction: int | None) -> None:
        self.since = since
        self.transaction = transaction
        self.runs = 0
        self.params: set[int] = set()


class _Tally:
    __slots__ = ("duration_ns", "queries")

    def __init__(self) -> None:
        self.queries = 0
        self.duration_ns = 0


#: Statement, stack that asked first, stack that asked again, access and ignore.
_Key = tuple[int, int, int, int | None, int | None]


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """A question that one place asked again after another, or the same, had its answer."""

    sql: int
    statement: Statement
    first: Stack
    again: Stack
    access: Access | None
    queries: int  #: how often it was asked again
    duration_ns: int
    ignored: int | None
    varies: bool  #: one of the places asks it with other values too: it goes over rows


@dataclass(frozen=True, kw_only=True)
class Refetch:
    """A row that was asked for by its key while a variable of the code had it."""

    sql: int
    statement: Statement
    stack: Stack
    held: Held
    access: Access | None
    duration_ns: int
    ignored: int | None
    runs: int  #: of the statement at that stack


class AskedFold(StandingFold):
    """Answers by statement and parameters, and since when they hold."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[int, dict[tuple[int, str], _Answer]] = {}
        self._places: dict[tuple[int, int], _Place] = {}
        self._rows: dict[int, set[int]] = {}
        self._tallies: dict[_Key, _Tally] = {}
        #: By the statement and stack that will ask next.
        self._held: dict[tuple[int, int], Held] = {}
        self._refetched: list[tuple[Query, Held]] = []

    def held(self, held: Held) -> None:
        self._held[held.sql, held.stack] = held

    def read(self, query: Query, fact: Fact) -> None:
        held = self._held.pop((query.sql, query.stack), None) if self._held else None
        place = self._places.get((query.sql, query.stack))
        if place is None:
            place = _Place(self.clock, query.transaction)
            self._places[query.sql, query.stack] = place
        place.runs += 1
        if len(place.params) < _DISTINCT:
            place.params.add(query.params)
        if query.access is not None and query.row is not None:
            rows = self._rows.setdefault(query.access, set())
            if len(rows) < _DISTINCT:
                rows.add(query.row)
        answers = self._answers.setdefault(query.sql, {})
        key = (query.params, query.alias)
        answer = answers.get(key)
        is_new = answer is None or not self.holds(answer.time, fact)
        if answer is None or is_new:
            answers.pop(key, None)
            if len(answers) >= _ANSWERS:
                del answers[next(iter(answers))]
            answers[key] = answer = _Answer(query, self.clock)
        if is_new or not self._is_same(answer, query):
            if held is not None and self._is_there(held, query, fact):
                self._refetched.append((query, held))
            return
        asked = (query.sql, answer.stack, query.stack, query.access, query.ignored)
        tally = self._tallies.get(asked)
        if tally is None:
            tally = self._tallies[asked] = _Tally()
        tally.queries += 1
        tally.duration_ns += query.duration_ns

    def _is_same(self, answer: _Answer, query: Query) -> bool:
        """Whether it is the same question, and not only the same answer by chance.

        The author of a post and the user who looks at it are asked for in equal words.
        """
        first, again = self._path(answer.access), self._path(query.access)
        if not first and not again:
            return True
        return first == again and answer.row is not None and answer.row == query.row

    def _path(self, access: int | None) -> tuple[tuple[str, AccessKind], ...]:
        known = self.view.tables.accesses[access] if access is not None else None
        return tuple((step.name, step.kind) for step in known.path) if known is not None else ()

    def _is_there(self, held: Held, query: Query, fact: Fact) -> bool:
        """Whether the row that somebody holds is as it was loaded in this unit of work."""
        origin = self.view.tables.origins[held.origin]
        load = self._places.get((origin.sql, origin.stack))
        if load is None or not self.holds(load.since, fact):
            return False
        # A transaction may want to see for itself.
        return query.transaction is None or query.transaction == load.transaction

    def repeats(self, view: View) -> Iterator[Repeat]:
        for (sql, first, again, access, ignored), tally in self._tallies.items():
            known = view.tables.accesses[access] if access is not None else None
            if known is not None and known.method in FRESH:
                continue
            places = ((sql, first), (sql, again))
            varies = any(len(self._places[place].params) > 1 for place in places)
            varies |= access is not None and len(self._rows.get(access, ())) > 1
            yield Repeat(
                sql=sql,
                statement=view.statements.of(view.tables.sql[sql].text),
                first=view.tables.stacks[first],
                again=view.tables.stacks[again],
                access=known,
                queries=tally.queries,
                duration_ns=tally.duration_ns,
                ignored=ignored,
                varies=varies,
            )

    def refetches(self, view: View) -> Iterator[Refetch]:
        for query, held in self._refetched:
            yield Refetch(
                sql=query.sql,
                statement=view.statements.of(view.tables.sql[query.sql].text),
                stack=view.tables.stacks[query.stack],
                held=held,
                access=view.tables.accesses[query.access] if query.access is not None else None,
                duration_ns=query.duration_ns,
                ignored=query.ignored,
                runs=self._places[query.sql, query.stack].runs,
            )
