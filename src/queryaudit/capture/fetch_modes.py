"""Lineage on Django >= 6.1: a fetch mode that behaves as the one it stands for.

Every instance refers to its queryset's fetch mode and related managers copy it, so replacing the
mode for one evaluation marks all its rows at no cost for any of them.
"""

from __future__ import annotations

import copy
from typing import Any

from django.db.models.fetch_modes import FETCH_ONE, FetchMode, FetchOne, FetchPeers, FetchRaise
from django.db.models.query import RawModelIterable

from queryaudit.capture.lineage import Lineage
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.definitions import Step
from queryaudit.records.kinds import AccessKind


class OriginMode(FetchMode):
    """Delegates to ``base``; equal to it, hashed as it, and pickled as it."""

    __slots__ = ("base", "lineage")

    base: FetchMode
    lineage: Lineage | None

    @property
    def track_peers(self) -> bool:  # type: ignore[override]
        return self.base.track_peers

    def fetch(self, fetcher: Any, instance: Any) -> None:
        self.base.fetch(fetcher, instance)
        if self.lineage is None:
            return
        try:
            _correct_generic(fetcher, instance, self)
        except Exception as ours:  # noqa: BLE001 - the first wall
            scope = CURRENT.get()
            if scope is not None:
                scope.recorder.failed("generic key", ours)

    def __eq__(self, other: object) -> bool:
        return self.base == (other.base if isinstance(other, OriginMode) else other)

    def __hash__(self) -> int:
        return hash(self.base)

    def __reduce__(self) -> Any:
        # copy.copy returns singletons as they are: unpickling needs Django only.
        return copy.copy, (self.base,)

    def __copy__(self) -> OriginMode:
        return self

    def __deepcopy__(self, memo: Any) -> OriginMode:
        return self


class OriginFetchOne(OriginMode, FetchOne):
    __slots__ = ()
    track_peers = False


class OriginFetchPeers(OriginMode, FetchPeers):
    __slots__ = ()
    track_peers = True


class OriginFetchRaise(OriginMode, FetchRaise):  # type: ignore[misc]
    __slots__ = ()
    track_peers = False


_new = object.__new__
_CLASSES: dict[type, type[OriginMode]] = {
    FetchOne: OriginFetchOne,
    FetchPeers: OriginFetchPeers,
    FetchRaise: OriginFetchRaise,
}


def _mode(base: FetchMode, lineage: Lineage | None = None) -> OriginMode:
    cls = _CLASSES.get(type(base))
    if cls is None:
        if isinstance(base, OriginMode):
            return _mode(base.base, lineage)
        cls = OriginMode
    # ``__init__`` would cost four times as much, for each evaluation.
    mode = _new(cls)
    mode.base = base
    mode.lineage = lineage
    return mode


def lineage_of(instance: Any) -> Lineage | None:
    state = getattr(instance, "_state", None)
    mode = getattr(state, "fetch_mode", FETCH_ONE)
    return mode.lineage if isinstance(mode, OriginMode) else None


def mark_rows(iterable: Any, original: Any) -> Any:
    """Lend the queryset a mode of its own while its query runs.

    ``ModelIterable`` takes the mode just before, and ``adopt`` gives the queryset its own back just
    after: what is derived from the queryset later must not be taken for a relation of its rows.
    """
    queryset = iterable.queryset
    queryset._fetch_mode = iterable._queryaudit_mark = _mode(queryset._fetch_mode)
    return original(iterable)


def mark_raw_rows(iterable: Any, original: Any) -> Any:
    """As ``mark_rows``, for an iterable that takes the mode some time after its query: it gets a
    twin of the queryset that differs in the mode only."""
    queryset = iterable.queryset
    twin = object.__new__(type(queryset))
    twin.__dict__.update(queryset.__dict__)
    twin._fetch_mode = iterable._queryaudit_mark = _mode(queryset._fetch_mode)
    iterable.queryset = twin
    return original(iterable)


def adopt(iterable: Any, lineage: Lineage) -> None:
    """Give the rows that ``iterable`` is about to yield their lineage."""
    mode = iterable.__dict__.get("_queryaudit_mark")
    if mode is None:
        return
    mode.lineage = lineage
    if type(iterable) is not RawModelIterable:
        iterable.queryset._fetch_mode = mode.base


def mark_joined(
    original: Any, populator: Any, step: Step, klass_info: Any, select: Any, db: Any, mode: Any
) -> None:
    """Instances joined in by ``select_related`` lie one step further."""
    if isinstance(mode, OriginMode) and mode.lineage is not None:
        mode = _mode(mode.base, mode.lineage.child(step))
    original(populator, klass_info, select, db, mode)


def _correct_generic(fetcher: Any, instance: Any, mode: OriginMode) -> None:
    """A generic key hands its own mode to what it loaded; that lies one step further too."""
    if type(fetcher).__name__ != "GenericForeignKeyDescriptor":
        return
    related = fetcher.field.get_cached_value(instance, default=None)
    if related is not None and related._state.fetch_mode is mode and mode.lineage is not None:
        step = Step(fetcher.field.name, AccessKind.GENERIC, False)
        related._state.fetch_mode = _mode(mode.base, mode.lineage.child(step))
