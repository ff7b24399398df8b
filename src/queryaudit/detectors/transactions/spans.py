"""How long transactions hold what they locked, and how often they come back to one row.

State is bounded by the places where transactions begin and by distinct statements and call sites.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum

from queryaudit.detectors.base import View
from queryaudit.detectors.transactions.fold import Home, Ran
from queryaudit.detectors.transactions.holding import BOOKKEEPING, WRITES
from queryaudit.records.events import Effect, Query, Transaction
from queryaudit.records.kinds import Boundary
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

#: Rows told apart of one statement, and transactions told apart that wrote to one row.
_ROWS, _OTHERS = 64, 16

#: ``SET "stock" = ("shop_book"."stock" - 1)``: the database computes the new value.
_COUNTS = re.compile(r"""(?i)["`]?(\w+)["`]? = \(*(?:["`]?\w+["`]?\.)*["`]?\1["`]?\)* ?[-+] ?""")


class _Kind(IntEnum):
    NEUTRAL = 0  #: savepoints, settings
    READS = 1
    HOLDS = 2  #: writes or locks rows
    COUNTS = 3  #: adds to a column of one row


class Span:
    """One transaction, from its beginning to its end."""

    __slots__ = (
        *("began_ns", "counted", "db_ns", "effects_ns", "ended_ns", "first", "first_ns"),
        *("held_db_ns", "held_effects_ns", "held_statements", "mix", "ours_ns", "runs"),
        "statements",
    )

    def __init__(self, began_ns: int) -> None:
        self.began_ns = self.ended_ns = began_ns
        self.statements = self.db_ns = self.effects_ns = 0
        #: The first statement that locked something, when it began, and what came from then on.
        self.first: Ran | None = None
        self.first_ns = 0
        self.held_statements = self.held_db_ns = self.held_effects_ns = 0
        #: How often each statement ran.
        self.runs: dict[Ran, int] = {}
        #: Rows to which something was added, and how many statements had run by then.
        self.counted: dict[Ran, tuple[int | None, int]] = {}
        #: Tells transactions apart by what else they wrote.
        self.mix = 0
        #: What the audit took, which no transaction of production waits for.
        self.ours_ns = 0

    @property
    def held_ns(self) -> int:
        return self.ended_ns - self.first_ns if self.first is not None else 0

    @property
    def own_ns(self) -> int:
        """What Python took of the time in which something was held."""
        return max(0, self.held_ns - self.held_db_ns - self.held_effects_ns - self.ours_ns)


@dataclass(slots=True)
class Counted:
    """Transactions that added to rows by one statement, and went on."""

    queries: int = 0
    after: int = 0  #: most statements that followed
    #: By row: what else was written by the transactions that wrote to it.
    rows: dict[int | None, set[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Spans:
    """The transactions that began at one place."""

    implicit: bool
    count: int = 0
    most: Span | None = None  #: the one that ran most statements while it held something
    longest: Span | None = None  #: the one that held something longest
    idle: Span | None = None  #: of those that only read, the one that waited longest for others
    counted: dict[Ran, Counted] = field(default_factory=dict)


class SpanFold:
    """See the module."""

    def __init__(self) -> None:
        self.spans: dict[Home, Spans] = {}
        self._open: dict[int, tuple[Home, Span]] = {}
        self._kinds: dict[int, _Kind] = {}
        self._view: View

    def begin(self, view: View) -> None:
        self._view = view

    def transaction(self, event: Transaction) -> None:
        if event.boundary is Boundary.BEGIN:
            home = (event.stack, event.alias, event.ignored)
            self.spans.setdefault(home, Spans(event.implicit)).count += 1
            self._open[event.id] = (home, Span(event.time_ns))
        elif event.boundary in (Boundary.COMMIT, Boundary.ROLLBACK):
            found = self._open.pop(event.id, None)
            if found is not None:
                found[1].ended_ns, found[1].ours_ns = event.time_ns, event.ours_ns
                self._end(self.spans[found[0]], found[1])

    def add(self, query: Query) -> None:
        found = self._open.get(query.transaction or 0)
        if found is None:
            return
        kind = self._kinds.get(query.sql)
        if kind is None:
            text = self._view.tables.sql[query.sql].text
            kind = self._kinds[query.sql] = _kind(self._view.statements.of(text), text)
        if kind is _Kind.NEUTRAL:
            return
        span, ran = found[1], (query.sql, query.stack)
        span.statements += 1
        span.db_ns += query.duration_ns
        span.runs[ran] = span.runs.get(ran, 0) + 1
        if kind is _Kind.COUNTS and query.error is None:
            span.counted.setdefault(ran, (query.row, span.statements))
        elif kind is _Kind.HOLDS:
            span.mix = hash((span.mix, query.sql, query.params))
        if span.first is None:
            if kind is _Kind.READS:
                return
            span.first, span.first_ns = ran, query.start_ns
        span.held_statements += 1
        span.held_db_ns += query.duration_ns

    def effect(self, event: Effect) -> None:
        found = self._open.get(event.transaction)
        if found is None:
            return
        found[1].effects_ns += event.duration_ns
        if found[1].first is not None:
            found[1].held_effects_ns += event.duration_ns

    def _end(self, spans: Spans, span: Span) -> None:
        if span.first is None:
            if spans.idle is None or span.effects_ns > spans.idle.effects_ns:
                spans.idle = span
            return
        if spans.most is None or span.held_statements > spans.most.held_statements:
            spans.most = span
        if spans.longest is None or span.held_ns > spans.longest.held_ns:
            spans.longest = span
        for ran, (row, at) in span.counted.items():
            counted = spans.counted.setdefault(ran, Counted())
            counted.queries += span.runs[ran]
            counted.after = max(counted.after, span.statements - at)
            if row in counted.rows or len(counted.rows) < _ROWS:
                others = counted.rows.setdefault(row, set())
                if len(others) < _OTHERS:
                    others.add(span.mix)


def _kind(statement: Statement, text: str) -> _Kind:
    if statement.verb in WRITES and statement.tables and statement.tables[0] not in BOOKKEEPING:
        keyed = len(statement.compared or ()) == 1 and not statement.binds_list
        if statement.verb is Verb.UPDATE and keyed and _counts(text):
            return _Kind.COUNTS
        return _Kind.HOLDS
    if statement.lock is not None or statement.locks_table:
        return _Kind.HOLDS
    return _Kind.READS if statement.verb is Verb.SELECT else _Kind.NEUTRAL


def _counts(text: str) -> bool:
    return _COUNTS.search(text.partition(" WHERE ")[0].partition(" SET ")[2]) is not None
