"""Dispatches a trace's events to the detectors and hands what they saw to the ledger.

One engine reads one trace, live or saved. A detector that crashes is switched off for the rest,
reported once, and takes nothing else down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from queryaudit.analysis.ledger import CauseKey, Ledger, comes_first
from queryaudit.analysis.running import Judge, Rules, Running
from queryaudit.analysis.suppressions import Ignore
from queryaudit.detectors.base import (
    OWN,
    Definitions,
    Detector,
    Limits,
    Sighting,
    View,
    placed,
    some_variants,
)
from queryaudit.records.definitions import Ignored
from queryaudit.records.events import (
    Occurrence,
    Query,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.kinds import FrameKind, Phase
from queryaudit.sql.statement import Statements


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
        self._rules = Rules(self._detectors)
        self._ledger = ledger
        self._limits = limits or Limits()
        self._strict = strict
        self._own = OWN | {FrameKind.TEST} if judge_tests else OWN
        self._statements = statements or Statements()
        #: Ignores from before this engine listened are somebody else's.
        self._earlier = frozenset(tables.ignores)
        self._running: dict[int, Running] = {}
        #: Databases whose names the ledger has.
        self._aliases: set[str] = set()

    def start(self, event: ScopeStart) -> None:
        explained = self._tables.explaining is not None
        self._running[event.id] = Running(
            event, self._rules, self._view, self._fold_crashed, explained=explained
        )
        # Those around it will not see what it does: a request in a test has its own queries.
        outer = self._running.get(event.parent) if event.parent is not None else None
        while outer is not None:
            outer.tell(event)
            parent = outer.start.parent
            outer = self._running.get(parent) if parent is not None else None

    def record(self, occurrences: Sequence[Occurrence]) -> None:
        running = self._running
        for alias in {event.alias for event in occurrences if type(event) is Query}:
            if alias not in self._aliases:
                header = self._tables.header
                vendors = dict(header.databases) if header is not None else {}
                self._ledger.databases.add((alias, vendors.get(alias, "unknown")))
                if header is not None:
                    self._aliases.add(alias)
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
        for cls, judges in self._rules.judging:
            fold = running.fold(cls)
            if fold is not None:
                self._judge(fold, judges, view)

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

    def _gather(self, running: Running) -> None:
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
            plain = replace(sighting, ignored=None)
            added[key] = replace(
                plain if known is None or comes_first(plain, known) else known,
                queries=sighting.queries + (known.queries if known else 0),
                duration_ns=sighting.duration_ns + (known.duration_ns if known else 0),
                rows=sighting.rows + (known.rows if known else 0),
                most=max(sighting.most, known.most if known else 0),
                frames=(*(known.frames if known else ()), *sighting.frames),
                variants=some_variants(known.variants if known else frozenset(), sighting.variants),
            )
        return {key: placed(sighting, self._tables) for key, sighting in added.items()}

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

    def _judge(self, fold: Any, judges: Iterable[Judge], view: View) -> None:
        for detector, judging, telling in judges:
            try:
                sightings = [*detector.judge(fold, view)] if judging else []
                if sightings:
                    for (_, _, ignore, _), sighting in self._sum(sightings).items():
                        self._ledger.add(sighting, view.scope, ignore)
                for fact in detector.facts(fold, view) if telling else ():
                    self._ledger.add_fact(detector.code, fact, view.scope)
            except Exception as error:  # noqa: BLE001 - rules may be anybody's
                self._switch_off([detector], error)

    def _fold_crashed(self, cls: type[Any], error: Exception) -> None:
        self._switch_off([detector for detector in self._detectors if detector.fold is cls], error)

    def _switch_off(self, detectors: Iterable[Detector], error: Exception) -> None:
        if self._strict:
            raise error
        for detector in detectors:
            self._detectors.remove(detector)
            self._ledger.add_crash(detector.code, error)
        self._rules = Rules(self._detectors)


def _plain(ignored: Ignored) -> Ignore:
    return Ignore(codes=ignored.codes, reason=ignored.reason, path=ignored.path, line=ignored.line)
