"""The fold that the whole family shares: what was asked again and again in one scope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from queryaudit.detectors.base import Definitions, View
from queryaudit.detectors.n_plus_one.changes import Change, ForeignKeys, Gaps, Order
from queryaudit.detectors.n_plus_one.made_rows import made_by
from queryaudit.detectors.n_plus_one.rounds import Rounds
from queryaudit.detectors.places import Place, called_at, caller_of, places_of
from queryaudit.records.definitions import (
    Access,
    Frame,
    Origin,
    Stack,
)
from queryaudit.records.events import Query
from queryaudit.records.kinds import AccessKind, FrameKind
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

#: Evaluations of one origin followed at once; nested loops interleave a few.
_OPEN_EVALUATIONS = 8
#: Rows of one evaluation from which on a load is a repeated one.
_REPEATED = 2
#: Distinct keys counted up to here; beyond, only "at least".
_DISTINCT = 64

#: Relations to many rows, which code can narrow on the way.
COLLECTIONS = (AccessKind.COLLECTION, AccessKind.MANY, AccessKind.GENERIC_COLLECTION)
#: Methods that ask a relation for one number or a yes or no.
AGGREGATES = frozenset({"count", "exists", "aggregate", "contains"})
#: Methods that are about writing, whatever they read on the way.
WRITES = frozenset(
    {
        *("create", "get_or_create", "update_or_create", "bulk_create"),
        *("update", "bulk_update", "delete"),
    }
)


class _Tally:
    """One access, or one hand-written statement, at one stack."""

    __slots__ = ("duration_ns", "evaluations", "gaps", "most", "params", "queries")

    def __init__(self) -> None:
        self.queries = 0
        self.duration_ns = 0
        self.params: set[int] = set()
        self.evaluations: dict[int | None, set[int]] = {}
        self.most = 0
        self.gaps = Gaps()

    @property
    def is_of_one_row(self) -> bool:
        """Whether one row of one evaluation caused all of it."""
        return self.most == 1 and len(self.evaluations) == 1

    def add(self, query: Query) -> None:
        self.queries += 1
        self.duration_ns += query.duration_ns
        if len(self.params) < _DISTINCT:
            self.params.add(query.params)
        if query.row is None:
            return
        rows = self.evaluations.get(query.evaluation)
        if rows is None:
            if len(self.evaluations) >= _OPEN_EVALUATIONS:
                del self.evaluations[next(iter(self.evaluations))]
            rows = self.evaluations[query.evaluation] = set()
        if len(rows) < _DISTINCT:
            rows.add(query.row)
            if len(rows) > self.most:
                self.most = len(rows)


#: Statement, stack, access and ignore.
_Key = tuple[int, int, int | None, int | None]


class LoadFold:
    """Tallies by statement, stack and access."""

    def __init__(self) -> None:
        self._tallies: dict[_Key, _Tally] = {}
        self._order = Order()

    def add(self, query: Query) -> None:
        key = (query.sql, query.stack, query.access, query.ignored)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.add(query)
        tally.gaps.add(self._order, self._order.add(query.sql))

    def is_quiet(self, view: View) -> bool:
        """Whether nothing was asked for several rows, with several values or down a tree: so are
        most tests."""
        accesses, enough = view.tables.accesses, view.threshold
        return not any(
            len(tally.params) >= enough
            or tally.most >= enough
            or (key[2] is not None and len(accesses[key[2]].path) > 1)
            for key, tally in self._tallies.items()
        )

    def _homes(self, view: View) -> dict[_Key, _Key]:
        """Lazy loads that belong to another one, which repeats at the same lines.

        An interpreter that adapts a call while its loop runs names another instruction in the
        first rounds than in the rest.
        """
        best: dict[tuple[object, ...], _Key] = {}
        places: dict[_Key, tuple[object, ...]] = {}
        for key, tally in self._tallies.items():
            sql, stack, access, ignored = key
            if access is None or view.tables.accesses[access].origin is None:
                continue
            lines = tuple((f.path, f.line) for f in view.tables.stacks[stack].frames)
            place = places[key] = (sql, access, ignored, lines)
            if place not in best or self._tallies[best[place]].most < tally.most:
                best[place] = key
        return {
            key: best[place]
            for key, place in places.items()
            if best[place] != key and self._tallies[best[place]].most >= _REPEATED
        }

    def loads(self, view: View) -> list[Load]:
        """The scope's reads, with what is known of each; in order of first sight."""
        found = []
        homes = self._homes(view)
        keys = ForeignKeys(view.tables.models)
        rounds = Rounds(
            (
                (view.tables.stacks[key[1]].frames, tally.queries)
                for key, tally in self._tallies.items()
            ),
            view.tables.models,
        )

        def of(sql: int) -> Statement:
            return view.statements.of(view.tables.sql[sql].text)

        written = {
            _place(key[1], view)
            for key, tally in self._tallies.items()
            if tally.queries > 1 and of(key[0]).write is not None
        }
        strays: dict[_Key, list[_Tally]] = {}
        for key, home in homes.items():
            strays.setdefault(home, []).append(self._tallies[key])
        for key, tally in self._tallies.items():
            if key in homes:
                continue
            sql, stack, access, ignored = key
            all_of_it = (tally, *strays.get(key, ()))
            statement = of(sql)
            if statement.verb is not Verb.SELECT:
                continue
            known = view.tables.accesses[access] if access is not None else None
            if known is not None and known.method in WRITES:
                continue
            origin = (
                view.tables.origins.get(known.origin)
                if known is not None and known.origin is not None
                else None
            )
            made = made_by(known, view.tables.stacks[stack], view) if known is not None else None
            if known is not None and made is not None:
                origin, known = made, known._replace(origin=made.id)
            if origin is None and written and _goes_with(_place(stack, view), written):
                continue  # it goes with a write, of which that rule tells
            load = Load(
                sql=sql,
                statement=statement,
                stack=view.tables.stacks[stack],
                access=known,
                origin=origin,
                source=_source(origin, view),
                queries=sum(t.queries for t in all_of_it),
                duration_ns=sum(t.duration_ns for t in all_of_it),
                rows=_asked_of(known, tally) if made is None else len(tally.params),
                params=len(tally.params),
                ignored=ignored,
                change=tally.gaps.change(statement, of, keys, _collected_of(known)),
                rounds=rounds,
                tables=view.tables,
                made=made is not None,
            )
            found.append((load, tally.is_of_one_row))
        return [_of_one_row(load, of_one) for load, of_one in found]


@dataclass(frozen=True, kw_only=True)
class Load:
    """One read at one stack, with how often it ran in the scope."""

    sql: int
    statement: Statement
    stack: Stack
    access: Access | None
    origin: Origin | None
    source: tuple[Statement, Stack] | None  #: the origin's own statement and stack
    queries: int
    duration_ns: int
    rows: int  #: most distinct causing rows of one evaluation
    params: int  #: distinct parameter sets, up to a cap
    ignored: int | None  #: the innermost ignore() that was active
    change: Change  #: what happened to its tables between two runs
    rounds: Rounds
    tables: Definitions
    #: The collection of one row that was asked again and again, by origin and path.
    asked: tuple[int, tuple[str, ...]] | None = None
    #: The model of the queryset for which a library has loaded these rows of a child's model.
    parent: str | None = None
    made: bool = False  #: by a row that is not made yet
    levels: int = 1  #: how deep into a tree this place of the source went

    @property
    def lazy(self) -> bool:
        """Caused by a row that a queryset under audit loaded."""
        return self.origin is not None

    @property
    def asked_of(self) -> tuple[int, tuple[str, ...]] | None:
        """The collection that was asked, by origin and path."""
        access = self.access
        if access is None or access.origin is None or self.eager or not access.path:
            return None
        if access.path[-1].kind not in COLLECTIONS:
            return None
        return access.origin, tuple(step.name for step in access.path)

    @property
    def eager(self) -> bool:
        """A prefetch or join, however it came to run."""
        return self.access is not None and bool(self.access.path) and self.access.path[-1].eager

    @cached_property
    def site(self) -> Frame | None:
        """Who asked: the innermost frame that is not library code, as a rule."""
        if self.access is None:
            return caller_of(self.stack.frames, self.tables)
        return next((f for f in self.stack.frames if f.kind is not FrameKind.LIBRARY), None)

    @property
    def direct(self) -> bool:
        """The project's own code ran the query, not a library on its behalf."""
        return bool(self.stack.frames) and self.stack.frames[0].kind is not FrameKind.LIBRARY

    @cached_property
    def loop(self) -> Frame | None:
        """The frame that stands in the loop whose rounds repeat the read."""
        return None if self.made else self.rounds.loop(self.stack.frames, self.queries)

    @property
    def recursion(self) -> int:
        """How often the most repeated function was active at once."""
        return self.stack.repeats


def _asked_of(access: Access | None, tally: _Tally) -> int:
    """How many rows a relation was asked of: a row and what it inherits are two, with one key."""
    own = access is not None and bool(access.path) and not access.path[-1].eager
    if access is None or not own or access.path[-1].kind not in COLLECTIONS:
        return tally.most
    return min(tally.most, len(tally.params))


def _collected_of(access: Access | None) -> str | None:
    """The model of rows that no queryset has loaded, if it is their collection that is asked."""
    if access is None or access.origin is not None or not access.path:
        return None
    return access.owner if access.path[-1].kind in COLLECTIONS else None


def _of_one_row(load: Load, of_one: bool) -> Load:
    """``shop.books.get(pk=pk)`` for one shop is a query written by hand like any other."""
    access, asked = load.access, load.asked_of
    if not of_one or access is None or asked is None:
        return load
    if load.params < _REPEATED or not (access.narrowed or access.method is not None):
        return load
    by_hand = access._replace(origin=None, path=())
    return replace(load, access=by_hand, origin=None, source=None, asked=asked)


def _source(origin: Origin | None, view: View) -> tuple[Statement, Stack] | None:
    if origin is None:
        return None
    statement = view.statements.of(view.tables.sql[origin.sql].text)
    return statement, view.tables.stacks[origin.stack]


def _place(stack: int, view: View) -> tuple[Place, ...]:
    """The call's own way from the unit of work."""
    return places_of(called_at(view.tables.stacks[stack].frames))


def _goes_with(places: tuple[Place, ...], written: set[tuple[Place, ...]]) -> bool:
    """Whether the call itself, or one around it, writes."""
    # Without columns two calls of one line can't be told apart.
    first = 0 if places and places[0][2] is not None else 1
    return any(places[start:] in written for start in range(first, len(places)))
