"""Dispatches a trace's events to the detectors and hands what they saw to the ledger.

One engine reads one trace, live or saved. A detector that crashes is switched off for the rest,
reported once, and takes nothing else down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from queryaudit.analysis.ledger import CauseKey, Ledger, Spent, order
from queryaudit.analysis.suppressions import Ignore
from queryaudit.detectors.base import (
    HOOKS,
    OWN,
    Definitions,
    Detector,
    Limits,
    Sighting,
    View,
    some_variants,
)
from queryaudit.records.events import (
    Fetch,
    FrameKind,
    Hydration,
    Ignored,
    Occurrence,
    Phase,
    Query,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.sql.statement import Statements


@cache
def _hooks(fold: type[Any]) -> tuple[tuple[type[Any], str], ...]:
    """The kinds of occurrences that a fold wants, and its methods for them."""
    return tuple((kind, name) for kind, name in HOOKS.items() if hasattr(fold, name))


class _Running:
    """A scope that has not ended: its folds and its totals."""

    __slots__ = ("folds", "hooks", "places", "spent", "start", "statements")

    def __init__(
        self, start: ScopeStart, folds: list[tuple[type[Any], Any]], *, explained: bool
    ) -> None:
        self.start = start
        self.folds = folds
        #: The folds' methods by kind of occurrence.
        self.hooks: dict[type[Any], list[Any]] = {kind: [] for kind in HOOKS}
        for cls, fold in folds:
            for kind, name in _hooks(cls):  # type: ignore[arg-type]
                self.hooks[kind].append(getattr(fold, name))
        self.spent = Spent()
        #: by statement id and stack id
        self.statements: dict[tuple[int, int], Spent] = {}
        #: calls and time by alias, statement, stack and ignore, for rules about the workload
        self.places: dict[tuple[str, int, int, int | None], list[int]] | None
        self.places = {} if explained else None

    def add(self, event: Occurrence) -> None:
        if type(event) is Query:
            self._count(event)
        elif type(event) is Fetch or type(event) is Hydration:
            self._load(event)
        for hook in self.hooks[type(event)]:
            hook(event)

    def _count(self, query: Query) -> None:
        spent = self.statements.get((query.sql, query.stack))
        if spent is None:
            spent = self.statements[query.sql, query.stack] = Spent()
        for one in (spent, self.spent):
            one.queries += 1
            one.duration_ns += query.duration_ns
        if self.places is not None:
            key = (query.alias, query.sql, query.stack, query.ignored)
            place = self.places.setdefault(key, [0, 0])
            place[0] += 1
            place[1] += query.duration_ns

    def _load(self, event: Fetch | Hydration) -> None:
        spent = self.statements.get((event.sql, event.stack)) or Spent()
        for one in (spent, self.spent):
            if type(event) is Hydration:
                one.hydration_ns += event.duration_ns
            else:
                one.rows += event.rows


class Engine:
    """Feeds folds while scopes run, judges when they end.

    ``tables`` are the trace's definitions; ``strict`` re-raises a detector's exception;
    ``judge_tests`` takes test code for code under audit.
    """

    def __init__(
        self,
        tables: Definitions,
        detectors: Sequence[Detector],
        ledger: Ledger,
        *,
        limits: Limits | None = None,
        strict: bool = False,
        judge_tests: bool = False,
        statements: Statements | None = None,
    ) -> None:
        self._tables = tables
        self._detectors = list(detectors)
        self._ledger = ledger
        self._limits = limits or Limits()
        self._strict = strict
        self._own = OWN | {FrameKind.TEST} if judge_tests else OWN
        self._statements = statements or Statements()
        #: Ignores from before this engine listened are somebody else's.
        self._earlier = frozenset(tables.ignores)
        self._running: dict[int, _Running] = {}

    def start(self, event: ScopeStart) -> None:
        folds = {d.fold: d.fold() for d in self._detectors} if event.phase is Phase.CALL else {}
        explained = self._tables.explaining is not None
        view = self._view(event)
        for fold in folds.values():
            if hasattr(fold, "begin"):
                fold.begin(view)
        self._running[event.id] = _Running(event, list(folds.items()), explained=explained)
        self._tell_outer(event)

    def _tell_outer(self, event: ScopeStart) -> None:
        """What the scopes around it will not see: a request in a test has its own queries."""
        outer = self._running.get(event.parent) if event.parent is not None else None
        while outer is not None:
            for hook in outer.hooks[ScopeStart]:
                hook(event)
            parent = outer.start.parent
            outer = self._running.get(parent) if parent is not None else None

    def record(self, occurrences: Sequence[Occurrence]) -> None:
        running = self._running
        vendors = dict(self._tables.header.databases) if self._tables.header else {}
        aliases = {event.alias for event in occurrences if type(event) is Query}
        self._ledger.databases.update((alias, vendors.get(alias, "unknown")) for alias in aliases)
        for event in occurrences:
            scope = running.get(event.scope)
            if scope is not None:
                scope.add(event)

    def end(self, event: ScopeEnd) -> None:
        running = self._running.pop(event.id, None)
        if running is None:
            return
        if event.name is not None:
            running.start = running.start._replace(name=event.name)
        if running.start.phase is not Phase.CALL:
            self._ledger.add_setup(running.spent.queries + event.counted, event.dropped)
            return
        self._ledger.add_scope(running.start, running.spent, event.dropped, event.duration_ns)
        if not running.spent.queries:
            return  # most tests of many a project
        for (sql, stack), spent in running.statements.items():
            statement = self._statements.of(self._tables.sql[sql].text)
            frames = self._tables.stacks[stack].frames
            frame = frames[0] if frames else None
            self._ledger.add_statement(statement, running.start, frame, spent)
        self._gather(running)
        view = self._view(running.start)
        for fold_type, fold in running.folds:
            self._judge(fold_type, fold, view)

    def _view(self, scope: ScopeStart) -> View:
        return View(
            scope=scope,
            tables=self._tables,
            statements=self._statements,
            limits=self._limits,
            own=self._own,
        )

    def finish(self) -> None:
        """Judge the scopes whose end is missing, as in a torn trace."""
        for id in sorted(self._running):
            self.end(ScopeEnd(id, 0, 0, 0, None))
        for id, ignored in self._tables.ignores.items():
            if id not in self._earlier and not ignored.optional:
                self._ledger.ignores.add(_plain(ignored))
        for plan in self._tables.plans:
            text = self._tables.sql[plan.sql].text
            self._ledger.gathered.add_plan(plan, self._statements.of(text))
        for relation in self._tables.relations:
            self._ledger.gathered.add_relation(relation)
        if self._tables.plans:
            self._ledger.gathered.add_models(self._tables.models.values())

    def _gather(self, running: _Running) -> None:
        """Who asked what, for the rules that look at the run as a whole."""
        for (alias, sql, stack, ignored), (calls, duration_ns) in (running.places or {}).items():
            frames = self._tables.stacks[stack].frames
            self._ledger.gathered.add(
                alias,
                self._statements.of(self._tables.sql[sql].text),
                running.start,
                next((frame for frame in frames if frame.kind in self._own), None),
                tuple(self._ignores(ignored)),
                calls,
                duration_ns,
            )

    def _sum(self, sightings: Iterable[Sighting]) -> dict[CauseKey, Sighting]:
        """One sighting for each cause of a scope, so that its worst scope is known."""
        added: dict[CauseKey, Sighting] = {}
        for sighting in sightings:
            ignore = self._ignore(sighting)
            frame = sighting.frame
            place = (frame.path, frame.line, frame.column or 0)
            key = (sighting.group, sighting.cause, ignore, place)
            known = added.get(key)
            added[key] = replace(
                min(known or sighting, replace(sighting, ignored=None), key=order),
                ignored=None,
                queries=sighting.queries + (known.queries if known else 0),
                duration_ns=sighting.duration_ns + (known.duration_ns if known else 0),
                rows=sighting.rows + (known.rows if known else 0),
                frames=(*(known.frames if known else ()), *sighting.frames),
                variants=some_variants(known.variants if known else frozenset(), sighting.variants),
            )
        return added

    def _ignore(self, sighting: Sighting) -> Ignore | None:
        """The innermost ignore that was active and covers the sighting's rule."""
        ignores = self._ignores(sighting.ignored)
        return next((ignore for ignore in ignores if ignore.covers(sighting.rule)), None)

    def _ignores(self, id: int | None) -> Iterator[Ignore]:
        """The ignores that were active, innermost first."""
        while id is not None:
            ignored = self._tables.ignores[id]
            yield _plain(ignored)
            id = ignored.outer

    def _judge(self, fold_type: type[Any], fold: Any, view: View) -> None:
        for detector in [d for d in self._detectors if d.fold is fold_type]:
            try:
                for (_, _, ignore, _), sighting in self._sum(detector.judge(fold, view)).items():
                    self._ledger.add(sighting, view.scope, ignore)
                for fact in detector.facts(fold, view):
                    self._ledger.add_fact(detector.code, fact, view.scope)
            except Exception as error:
                if self._strict:
                    raise
                self._detectors.remove(detector)
                self._ledger.add_crash(detector.code, error)


def _plain(ignored: Ignored) -> Ignore:
    return Ignore(codes=ignored.codes, reason=ignored.reason, path=ignored.path, line=ignored.line)
