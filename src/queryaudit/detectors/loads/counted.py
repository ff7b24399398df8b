"""The fold of numbers and rows of the same condition, asked for one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.detectors.base import View
from queryaudit.detectors.duplicates.asked import FRESH
from queryaudit.detectors.loads.single_rows import SingleRows
from queryaudit.detectors.standing import Fact, StandingFold
from queryaudit.records.counted import Counted
from queryaudit.records.definitions import Access, Origin, Stack
from queryaudit.records.events import Hydration, Query
from queryaudit.sql.joins import without_joins
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
    there are any, or have been that of rows that were loaded for nothing else."""

    asked: str  #: ``count()``, ``exists()`` or ``len()``
    statement: Statement
    count: Stack
    load: Stack
    access: Access | None  #: of the count
    origin: Origin | None  #: of the rows
    duration_ns: int
    rows: int
    ignored: int | None


class CountedFold(StandingFold):
    """See the module; bounded by distinct statement and stack."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[_Meant, _Asked] = {}
        self._pairs: dict[tuple[_Place, _Place], tuple[Query, Query]] = {}
        self._runs: dict[_Place, int] = {}
        self._rows: dict[_Place, int] = {}
        self._sources: dict[int, str] = {}
        #: Of rows that were loaded for their number: whether one of them was looked at.
        self._lengths: dict[_Place, bool] = {}

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
        meant = (self._source(query.sql, shape.source), query.params, query.alias)
        asked = self._asked.pop(meant, None) or _Asked()
        if len(self._asked) >= _REMEMBERED:
            del self._asked[next(iter(self._asked))]
        self._asked[meant] = asked
        earlier, now = asked.loaded, (self.clock, query)
        if counts:
            asked.counted = now
        else:
            asked.loaded = now
            # The same text is the finding of another rule.
            if earlier is not None and earlier[1].sql != query.sql:
                self._pair(earlier, now, fact)
                self._pair(now, earlier, fact)
        if asked.counted is not None and asked.loaded is not None:
            self._pair(asked.counted, asked.loaded, fact)

    def _pair(self, count: tuple[int, Query], load: tuple[int, Query], fact: Fact) -> None:
        if self.holds(min(count[0], load[0]), fact):
            places = (_place(count[1]), _place(load[1]))
            self._pairs.setdefault(places, (count[1], load[1]))

    def counted(self, counted: Counted) -> None:
        place = (counted.sql, counted.stack, counted.access)
        self._lengths[place] = counted.used or self._lengths.get(place, False)

    def _source(self, sql: int, source: str) -> str:
        """The rows that are meant, whatever is joined to them: a COUNT leaves out what
        ``select_related`` and an order add."""
        known = self._sources.get(sql)
        if known is None:
            text = self.view.tables.sql[sql].text
            shorter = without_joins(text, self.view.tables.of_models(SingleRows).adds_nothing)
            if shorter != text:
                source = self.view.statements.of(shorter).shape.source
            known = self._sources[sql] = source
        return known

    def hydration(self, hydration: Hydration) -> None:
        place = (hydration.sql, hydration.stack, hydration.access)
        self._rows[place] = max(self._rows.get(place, 0), hydration.rows)

    def pairs(self, view: View) -> Iterator[Pair]:
        tables = view.tables
        for (counted, loaded), (count, load) in self._pairs.items():
            rows = self._rows.get(loaded, 0)
            if rows < 2 or self._runs[counted] > 1 or self._runs[loaded] > 1:
                continue  # streamed, or once for each of several rows
            statement = view.statements.of(tables.sql[count.sql].text)
            if not statement.is_aggregate_only and self._lengths.get(counted, True):
                continue  # both are loaded for their rows
            access = tables.accesses[load.access] if load.access is not None else None
            if access is not None and access.path and access.path[-1].eager:
                continue
            origins = tables.origins_at(load.sql, load.stack)
            yield Pair(
                asked=_asked(statement),
                statement=statement,
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


def _asked(statement: Statement) -> str:
    if not statement.is_aggregate_only:
        return "len()"
    return "exists()" if statement.has_limit else "count()"


def _is_number(statement: Statement) -> bool:
    """How many there are, or whether there is one."""
    if statement.has_limit:
        return statement.limit == 1 and not statement.has_offset
    return statement.normalised.upper().startswith("SELECT COUNT(*)")
