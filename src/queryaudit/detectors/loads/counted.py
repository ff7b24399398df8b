"""The fold of numbers and rows of the same condition, asked for one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.detectors.base import View
from queryaudit.detectors.duplicates.asked import FRESH
from queryaudit.detectors.standing import Fact, StandingFold
from queryaudit.records.events import Access, Hydration, Origin, Query, Stack
from queryaudit.sql.statement import Statement

#: Conditions with their values that are remembered; older ones are forgotten.
_REMEMBERED = 256

#: Digest of FROM and WHERE, parameters and database.
_Meant = tuple[str, int, str]
#: Statement, stack and access.
_Place = tuple[int, int, "int | None"]


@dataclass(slots=True)
class _Asked:
    """When the number, and when the rows, were asked for last, and by which query."""

    counted: tuple[int, Query] | None = None
    loaded: tuple[int, Query] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A number and the rows that it is of, all of which came into memory. The number may be whether
    there are any."""

    statement: Statement
    count: Stack
    load: Stack
    access: Access | None  #: of the count
    origin: Origin | None  #: of the rows
    duration_ns: int
    rows: int
    ignored: int | None

    @property
    def probes(self) -> bool:
        """The number is only whether there is one."""
        return self.statement.has_limit


class CountedFold(StandingFold):
    """See the module; bounded by distinct statement and stack."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[_Meant, _Asked] = {}
        self._pairs: dict[tuple[_Place, _Place], tuple[Query, Query]] = {}
        self._runs: dict[_Place, int] = {}
        self._rows: dict[_Place, int] = {}

    def read(self, query: Query, fact: Fact) -> None:
        access = self.view.tables.accesses[query.access] if query.access is not None else None
        if access is not None and access.method in FRESH:
            self.written(fact)  # it would have written if there had been nothing
            return
        statement, shape = fact.statement, fact.statement.shape
        if not shape.source or shape.is_distinct or shape.is_combined:
            return
        counts = statement.is_aggregate_only and _is_number(statement)
        if not counts and (statement.is_aggregate_only or statement.has_limit):
            return
        place = _place(query)
        self._runs[place] = self._runs.get(place, 0) + 1
        meant = (shape.source, query.params, query.alias)
        asked = self._asked.pop(meant, None) or _Asked()
        if len(self._asked) >= _REMEMBERED:
            del self._asked[next(iter(self._asked))]
        self._asked[meant] = asked
        if counts:
            asked.counted = (self.clock, query)
        else:
            asked.loaded = (self.clock, query)
        if asked.counted is None or asked.loaded is None:
            return
        if self.holds(min(asked.counted[0], asked.loaded[0]), fact):
            count, load = asked.counted[1], asked.loaded[1]
            self._pairs.setdefault((_place(count), _place(load)), (count, load))

    def hydration(self, hydration: Hydration) -> None:
        place = (hydration.sql, hydration.stack, hydration.access)
        self._rows[place] = max(self._rows.get(place, 0), hydration.rows)

    def pairs(self, view: View) -> Iterator[Pair]:
        tables = view.tables
        for (counted, loaded), (count, load) in self._pairs.items():
            rows = self._rows.get(loaded, 0)
            if rows < 2 or self._runs[counted] > 1 or self._runs[loaded] > 1:
                continue  # streamed, or once for each of several rows
            access = tables.accesses[load.access] if load.access is not None else None
            if access is not None and access.path and access.path[-1].eager:
                continue
            origins = tables.origins_at(load.sql, load.stack)
            yield Pair(
                statement=view.statements.of(tables.sql[count.sql].text),
                count=tables.stacks[count.stack],
                load=tables.stacks[load.stack],
                access=tables.accesses[count.access] if count.access is not None else None,
                origin=origins[-1] if origins else None,
                duration_ns=count.duration_ns,
                rows=rows,
                ignored=count.ignored,
            )


def _place(query: Query) -> _Place:
    return query.sql, query.stack, query.access


def _is_number(statement: Statement) -> bool:
    """How many there are, or whether there is one."""
    if statement.has_limit:
        return statement.limit == 1 and not statement.has_offset
    return statement.normalised.upper().startswith("SELECT COUNT(*)")
