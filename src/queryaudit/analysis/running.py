"""A scope that runs: its folds, which hear what happens, and its totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any, NamedTuple

from queryaudit.analysis.ledger import Spent
from queryaudit.detectors.base import HOOKS, Detector, View
from queryaudit.records.events import (
    Fetch,
    Hydration,
    Occurrence,
    Query,
    ScopeStart,
)
from queryaudit.records.kinds import Phase


class Rules:
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
        self.judging: list[tuple[type[Any], list[Judge]]] = []
        for fold in folds:
            judges = [Judge.of(d) for d in detectors if d.fold is fold]
            telling = [judge for judge in judges if judge.judges or judge.tells]
            if telling:
                self.judging.append((fold, telling))


class Judge(NamedTuple):
    """A rule, and which of the questions at the end of a scope it answers."""

    detector: Detector
    judges: bool
    tells: bool

    @classmethod
    def of(cls, detector: Detector) -> Judge:
        own = type(detector)
        return cls(detector, own.judge is not Detector.judge, own.facts is not Detector.facts)


class Running:
    """A scope that has not ended: its folds and its totals.

    Folds are made when there is something for them: most scopes of a suite have no query. One that
    fails is told to ``crashed`` and hears no more; the others go on.
    """

    __slots__ = (
        "_crashed",
        "_hooks",
        "_off",
        "_rules",
        "_view",
        "folds",
        "places",
        "spent",
        "start",
        "statements",
    )

    def __init__(
        self,
        start: ScopeStart,
        rules: Rules,
        view: Callable[[ScopeStart], View],
        crashed: Callable[[type[Any], Exception], None],
        *,
        explained: bool,
    ) -> None:
        self.start = start
        self._rules = rules
        self._view = view
        self._crashed = crashed
        self._off: set[type[Any]] = set()
        self.folds: dict[type[Any], Any] = {}
        #: The folds' methods by kind of occurrence, of the kinds that there were.
        self._hooks: dict[type[Any], list[MethodType]] = {}
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
        try:
            for hook in hooks:
                hook(event)
        except Exception as error:  # noqa: BLE001 - rules may be anybody's
            self._switch_off(type(hook.__self__), error)
            self._tell_rest(hooks[hooks.index(hook) + 1 :], event)

    def _tell_rest(self, hooks: Sequence[MethodType], event: Occurrence | ScopeStart) -> None:
        """Those behind one that failed hear of it all the same."""
        for hook in hooks:
            try:
                hook(event)
            except Exception as error:  # noqa: BLE001 - rules may be anybody's
                self._switch_off(type(hook.__self__), error)

    def _new_hooks(self, kind: type[Any]) -> list[MethodType]:
        if self.start.phase is not Phase.CALL:
            return []
        folds = ((self.fold(cls), name) for cls, name in self._rules.wanting[kind])
        return [getattr(fold, name) for fold, name in folds if fold is not None]

    def fold(self, cls: type[Any]) -> Any | None:
        """None if it failed."""
        fold = self.folds.get(cls)
        if fold is None and cls not in self._off:
            try:
                fold = cls()
                if hasattr(fold, "begin"):
                    fold.begin(self._view(self.start))
            except Exception as error:  # noqa: BLE001 - rules may be anybody's
                self._switch_off(cls, error)
                return None
            self.folds[cls] = fold
        return fold

    def _switch_off(self, cls: type[Any], error: Exception) -> None:
        self._off.add(cls)
        self.folds.pop(cls, None)
        self._hooks = {
            kind: [hook for hook in hooks if type(hook.__self__) is not cls]
            for kind, hooks in self._hooks.items()
        }
        self._crashed(cls, error)

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
