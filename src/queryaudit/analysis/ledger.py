"""Adds up what was seen over scopes, processes and traces.

Addition commutes, and ties are broken by content, so that the order of tests and of traces makes
no difference to the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from queryaudit.analysis.suppressions import Ignore
from queryaudit.analysis.workload import Gathered
from queryaudit.detectors.base import Sighting, some_variants
from queryaudit.records.definitions import Frame
from queryaudit.records.events import ScopeStart
from queryaudit.records.kinds import FrameKind, ScopeKind
from queryaudit.sql.statement import Statement

ScopeKey = tuple[ScopeKind, str]
#: Group, cause, the ``ignore()`` under which it was seen, and where it is to be edited: two
#: loops of one function that are alike are two findings, with the same fingerprint.
CauseKey = tuple[tuple[str, ...], tuple[str, ...], "Ignore | None", tuple[str, int, int]]

_LOCATIONS = 5


@dataclass(slots=True)
class CauseTotals:
    """One cause over the whole run."""

    sighting: Sighting  #: the one that stands for all; least in a total order
    queries: int = 0
    duration_ns: int = 0
    rows: int = 0
    most: int = 0
    worst: int = 0
    units: int = 0  #: scopes, however many of them share a name
    scopes: dict[ScopeKey, list[int]] = field(default_factory=dict)
    frames: set[Frame] = field(default_factory=set)
    variants: frozenset[int] = frozenset()

    def plus(self, other: CauseTotals) -> CauseTotals:
        """Both together, with this one's sighting."""
        scopes = {name: list(runs) for name, runs in self.scopes.items()}
        for name, (queries, duration_ns) in other.scopes.items():
            runs = scopes.setdefault(name, [0, 0])
            runs[0] += queries
            runs[1] += duration_ns
        return CauseTotals(
            sighting=self.sighting,
            queries=self.queries + other.queries,
            duration_ns=self.duration_ns + other.duration_ns,
            rows=self.rows + other.rows,
            most=max(self.most, other.most),
            worst=max(self.worst, other.worst),
            units=self.units + other.units,
            scopes=scopes,
            frames=self.frames | other.frames,
            variants=some_variants(self.variants, other.variants),
        )


@dataclass(slots=True)
class Spent:
    """What a statement, or all of a unit of work, took."""

    queries: int = 0
    duration_ns: int = 0
    rows: int = 0
    hydration_ns: int = 0


@dataclass(slots=True)
class ScopeTotals:
    runs: int = 0
    queries: int = 0
    worst: int = 0
    duration_ns: int = 0
    rows: int = 0
    hydration_ns: int = 0
    elapsed_ns: int = 0


@dataclass(slots=True)
class StatementTotals:
    statement: str
    calls: int = 0
    duration_ns: int = 0
    rows: int = 0
    hydration_ns: int = 0
    scopes: set[ScopeKey] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)


class Ledger:
    """See the module. Bounded by distinct causes, scopes by name, and statements."""

    def __init__(self) -> None:
        self.causes: dict[CauseKey, CauseTotals] = {}
        self.ignores: set[Ignore] = set()
        self.scopes: dict[ScopeKey, ScopeTotals] = {}
        self.statements: dict[str, StatementTotals] = {}
        self.kinds: Counter[ScopeKind] = Counter()
        self.setup_queries = 0
        #: Files whose source was read.
        self.scanned = 0
        self.dropped = 0
        self.databases: set[tuple[str, str]] = set()
        self.crashes: Counter[tuple[str, str]] = Counter()
        self.files: set[str] = set()
        #: What rules that judge the run keep of each scope: code, fact, and how often by scope.
        self.facts: dict[str, dict[Hashable, Counter[ScopeKey]]] = {}
        #: Empty unless statements were explained.
        self.gathered = Gathered()
        #: Of the scope that was spoken of last: one for all of its statements.
        self._key: ScopeKey | None = None

    def _key_of(self, scope: ScopeStart) -> ScopeKey:
        key = (scope.kind, scope.name)
        if self._key != key:
            self._key = key
        return self._key

    def add(
        self, sighting: Sighting, scope: ScopeStart | None, ignore: Ignore | None = None
    ) -> None:
        """``scope`` is None for what was read in the source and not seen to run."""
        key = (sighting.group, sighting.cause, ignore, _frame_order(sighting.frame))
        totals = self.causes.get(key)
        if totals is None:
            totals = self.causes[key] = CauseTotals(sighting)
        elif comes_first(sighting, totals.sighting):
            totals.sighting = sighting
        totals.queries += sighting.queries
        totals.duration_ns += sighting.duration_ns
        totals.rows += sighting.rows
        totals.most = max(totals.most, sighting.most)
        totals.frames.update(sighting.frames)
        if sighting.variants:
            totals.variants = some_variants(totals.variants, sighting.variants)
        if scope is None:
            return
        runs = totals.scopes.setdefault(self._key_of(scope), [0, 0])
        runs[0] += sighting.queries
        runs[1] += sighting.duration_ns
        totals.worst = max(totals.worst, sighting.queries)
        totals.units += 1

    def add_fact(self, code: str, fact: Hashable, scope: ScopeStart) -> None:
        known = self.facts.setdefault(code, {}).setdefault(fact, Counter())
        known[self._key_of(scope)] += 1

    def add_scope(
        self, scope: ScopeStart, spent: Spent, dropped: int = 0, elapsed_ns: int = 0
    ) -> None:
        self.kinds[scope.kind] += 1
        self.dropped += dropped
        queries = spent.queries
        totals = self.scopes.setdefault(self._key_of(scope), ScopeTotals())
        totals.runs += 1
        totals.queries += queries
        totals.worst = max(totals.worst, queries)
        totals.duration_ns += spent.duration_ns
        totals.rows += spent.rows
        totals.hydration_ns += spent.hydration_ns
        totals.elapsed_ns += elapsed_ns

    def add_setup(self, queries: int, dropped: int) -> None:
        self.setup_queries += queries
        self.dropped += dropped

    def add_statement(
        self,
        statement: Statement,
        scope: ScopeStart,
        frame: Frame | None,
        spent: Spent,
    ) -> None:
        totals = self.statements.get(statement.fingerprint)
        if totals is None:
            totals = self.statements[statement.fingerprint] = StatementTotals(statement.normalised)
        # Texts with one fingerprint may differ in case; the least stands for all.
        totals.statement = min(totals.statement, statement.normalised)
        totals.calls += spent.queries
        totals.duration_ns += spent.duration_ns
        totals.rows += spent.rows
        totals.hydration_ns += spent.hydration_ns
        totals.scopes.add(self._key_of(scope))
        if frame is not None and frame.line:
            totals.locations.add(f"{frame.path}:{frame.line}")
            if frame.kind is not FrameKind.LIBRARY:
                self.files.add(frame.path)

    def add_crash(self, code: str, error: Exception) -> None:
        self.crashes[code, f"{type(error).__name__}: {error}"] += 1

    def top_locations(self, totals: StatementTotals) -> tuple[str, ...]:
        return tuple(sorted(totals.locations)[:_LOCATIONS])


def order(sighting: Sighting) -> tuple[object, ...]:
    """A total order on what sightings of one cause can differ in."""
    return (*_rank(sighting), repr(_without_counts(sighting)))


def comes_first(one: Sighting, other: Sighting) -> bool:
    """By that order, which is rarely asked to the end: most sightings of a cause are alike."""
    ranks = _rank(one), _rank(other)
    if ranks[0] != ranks[1]:
        return ranks[0] < ranks[1]
    plain, others = _without_counts(one), _without_counts(other)
    return plain != others and repr(plain) < repr(others)


def _rank(sighting: Sighting) -> tuple[int, bool, tuple[str, int, int]]:
    # A fix has to be right wherever the cause was seen: the sighting that warns stands for all.
    warns = sighting.changed or sighting.through_narrowed
    return (-int(sighting.severity), not warns, _frame_order(sighting.frame))


def _without_counts(sighting: Sighting) -> Sighting:
    return replace(
        sighting,
        queries=0,
        duration_ns=0,
        rows=0,
        most=0,
        frames=(),
        variants=frozenset(),
        names=None,
        body=None,
    )


def _frame_order(frame: Frame) -> tuple[str, int, int]:
    return (frame.path, frame.line, frame.column or 0)
