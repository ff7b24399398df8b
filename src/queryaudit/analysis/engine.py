"""Dispatches a trace's events to the detectors and hands what they saw to the ledger.

One engine reads one trace, live or saved. A detector that crashes is switched off for the rest,
reported once, and takes nothing else down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

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
    placed,
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


class _Rules:
    """Which folds want what, and who judges them. Made once for all scopes."""

    __slots__ = ("judging", "wanting")

    def __init__(self, detectors: Sequence[Detector]) -> None:
        folds = list(dict.fromkeys(d.fold for d in detectors))
        #: Folds with the name of their method, by kind of occurrence.
        self.wanting: dict[type[Any], tuple[tuple[type[Any], str], ...]] = {
            kind: tuple((fold, name) for fold in folds if hasattr(fold, name))
            for kind, name in HOOKS.items()
        }
        #: The rules with something to say at the end of a scope, by fold.
        self.judging: list[tuple[type[Any], list[_Judge]]] = []
        for fold in folds:
            judges = [_Judge.of(d) for d in detectors if d.fold is fold]
            telling = [judge for judge in judges if judge.judges or judge.tells]
            if telling:
                self.judging.append((fold, telling))


class _Judge(NamedTuple):
    """A rule, and which of the questions at the end of a scope it answers."""

    detector: Detector
    judges: bool
    tells: bool

    @classmethod
    def of(cls, detector: Detector) -> _Judge:
        own = type(detector)
        return cls(detector, own.judge is not Detector.judge, own.facts is not Detector.facts)


class _Running:
    """A scope that has not ended: its folds and its totals.

    Folds are made when there is something for them: most scopes of a suite have no query.
    """

    __slots__ = ("_hooks", "_rules", "_view", "folds", "places", "spent", "start", "statements")

    def __init__(
        self,
        start: ScopeStart,
        rules: _Rules,
        view: Callable[[ScopeStart], View],
        *,
        explained: bool,
    ) -> None:
        self.start = start
        self._rules = rules
        self._view = view
        self.folds: dict[type[Any], Any] = {}
        #: The folds' methods by kind of occurrence, of the kinds that there were.
        self._hooks: dict[type[Any], list[Callable[[Any], None]]] = {}
        self.spent = Spent()
        #: by statement id and stack id
        self.statements: dict[tuple[int, int], Spent] = {}
        #: calls and time by alias, statement, stack and ignore, for rules about the workload
        self.places: dict[tuple[str, int, int, int | None], list[int]] | None
        self.places = {} if explained else None

    def add(self, event: Occurrence) -> None:
        kind = type(event)
        if kind is Query:
            self._count(event)  # type: ignore[arg-type]
        elif kind is Fetch or kind is Hydration:
            self._load(event)  # type: ignore[arg-type]
        self.tell(event)

    def tell(self, event: Occurrence | ScopeStart) -> None:
        """Hand an event to the folds that want its kind."""
        hooks = self._hooks.get(type(event))
        if hooks is None:
            hooks = self._hooks[type(event)] = self._new_hooks(type(event))
        for hook in hooks:
            hook(event)

    def _new_hooks(self, kind: type[Any]) -> list[Callable[[Any], None]]:
        if self.start.phase is not Phase.CALL:
            return []
        return [getattr(self.fold(fold), name) for fold, name in self._rules.wanting[kind]]

    def fold(self, cls: type[Any]) -> Any:
        fold = self.folds.get(cls)
        if fold is None:
            fold = self.folds[cls] = cls()
            if hasattr(fold, "begin"):
                fold.begin(self._view(self.start))
        return fold

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
        self._rules = _Rules(self._detectors)
        self._ledger = ledger
        self._limits = limits or Limits()
        self._strict = strict
        self._own = OWN | {FrameKind.TEST} if judge_tests else OWN
        self._statements = statements or Statements()
        #: Ignores from before this engine listened are somebody else's.
        self._earlier = frozenset(tables.ignores)
        self._running: dict[int, _Running] = {}
        #: Databases whose names the ledger has.
        self._aliases: set[str] = set()

    def start(self, event: ScopeStart) -> None:
        explained = self._tables.explaining is not None
        self._running[event.id] = _Running(event, self._rules, self._view, explained=explained)
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
        for fold, judges in self._rules.judging:
            self._judge(running.fold(fold), judges, view)

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

    def _judge(self, fold: Any, judges: Iterable[_Judge], view: View) -> None:
        for detector, judging, telling in judges:
            try:
                sightings = [*detector.judge(fold, view)] if judging else []
                if sightings:
                    for (_, _, ignore, _), sighting in self._sum(sightings).items():
                        self._ledger.add(sighting, view.scope, ignore)
                for fact in detector.facts(fold, view) if telling else ():
                    self._ledger.add_fact(detector.code, fact, view.scope)
            except Exception as error:
                if self._strict:
                    raise
                self._detectors.remove(detector)
                self._rules = _Rules(self._detectors)
                self._ledger.add_crash(detector.code, error)


def _plain(ignored: Ignored) -> Ignore:
    return Ignore(codes=ignored.codes, reason=ignored.reason, path=ignored.path, line=ignored.line)
