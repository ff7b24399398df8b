"""QA901: a unit of work runs more queries than it may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.records.definitions import Frame
from queryaudit.records.events import Query
from queryaudit.records.kinds import FrameKind, ScopeKind
from queryaudit.records.rules import Severity


class QueryCount:
    """Queries of one scope by statement and stack."""

    def __init__(self) -> None:
        self.total = 0
        self.duration_ns = 0
        self.calls: Counter[tuple[int, int]] = Counter()

    def add(self, query: Query) -> None:
        self.total += 1
        self.duration_ns += query.duration_ns
        self.calls[query.sql, query.stack] += 1


class QueryBudget(Detector):
    """A request, command or block runs more queries than the project allows.

    What it detects
    ---------------
    A unit of work with more queries than ``max-queries``. Tests themselves are not held to it,
    the requests and commands in them are; a test can limit itself with
    ``@pytest.mark.queryaudit(max_queries=10)``.

    Why it matters
    --------------
    A limit on the number of queries catches what has no pattern: many different queries, each of
    them reasonable, that add up.

    Example
    -------
    ::

        [tool.queryaudit]
        max-queries = 30

    Better
    ------
    The finding names the statement that ran most often. If there are other findings in the same
    unit, start with them.

    When it is fine
    ---------------
    Exports, imports and reports that go through a lot of data on purpose: ignore the rule there,
    with the reason.

    Evidence
    --------
    OBSERVED: the queries were counted.

    Options
    -------
    ``max-queries`` (none): the most queries that one unit of work may run.
    """

    code = "QA901"
    name = "query-budget"
    severity = Severity.WARNING
    summary = "A unit of work runs more queries than the project allows."
    fold = QueryCount

    def judge(self, fold: QueryCount, view: View) -> Iterable[Sighting]:
        limit = view.limits.max_queries
        if limit is None or fold.total <= limit or view.scope.kind is ScopeKind.TEST:
            return
        found = min((_told(key, calls, view) for key, calls in fold.calls.items()), key=_order)
        statement = view.statements.of(found.text)
        frame = _place(found.frames, view)
        if frame is None:
            return
        name = f"{view.scope.kind.name.lower()} {view.scope.name}"
        yield Sighting(
            rule=self.code,
            group=(self.code, name),
            cause=(self.code, name),
            severity=self.severity,
            frame=frame,
            access=frame,
            owner=name,
            statement=statement.normalised,
            queries=fold.total,
            duration_ns=fold.duration_ns,
            frames=(frame,),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return f"{head.owner} runs more queries than max-queries allows: {head.queries} in all."


class _Told(NamedTuple):
    """One statement at one stack, in words that do not depend on a trace's ids."""

    calls: int
    text: str
    frames: tuple[Frame, ...]


def _told(key: tuple[int, int], calls: int, view: View) -> _Told:
    sql, stack = key
    return _Told(calls, view.tables.sql[sql].text, view.tables.stacks[stack].frames)


def _order(told: _Told) -> tuple[object, ...]:
    """What can be shown first, then what ran most often."""
    return (not told.frames, -told.calls, told.text, repr(told.frames))


def _place(frames: Sequence[Frame], view: View) -> Frame | None:
    own = (frame for frame in frames if frame.kind in view.own)
    anything = (frame for frame in frames if frame.kind is not FrameKind.LIBRARY)
    return next(own, None) or next(anything, None) or next(iter(frames), None)
