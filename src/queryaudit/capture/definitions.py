"""The rows that queries refer to by number: stacks, origins and accesses, each defined once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from itertools import count
from types import CodeType
from typing import Any

from queryaudit.capture.building import Built
from queryaudit.capture.causes import Cause
from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.frames import FrameResolver
from queryaudit.capture.lineage import Lineage
from queryaudit.capture.places import Places
from queryaudit.capture.recall import Site
from queryaudit.capture.scopes import Ancestor
from queryaudit.capture.seen import Walk
from queryaudit.records.definitions import (
    Access,
    Origin,
    Stack,
    Step,
)
from queryaudit.records.parameters import Nulls

#: Ways in which the parameters of a statement at one place are NULL, that are told apart.
_WAYS = 8


class Definitions:
    """Gives numbers. A definition is made cheaply first, and again with what the source says once
    it turns out to matter (``enrich``)."""

    def __init__(
        self,
        files: CodeFiles,
        places: Places,
        ids: count[int],
        define: Callable[[Any], None],
        lock: threading.RLock,
    ) -> None:
        self._places = places
        self._ids = ids
        self._define = define
        self._lock = lock
        self._resolver = FrameResolver(files)
        self._stacks: dict[tuple[object, ...], int] = {}
        self._by_id: dict[int, Walk] = {}
        self._causes: dict[tuple[object, ...], Cause] = {}
        self._origins: dict[tuple[object, ...], int] = {}
        self._origins_at: dict[int, list[int]] = {}
        self._origin_rows: dict[int, tuple[Origin, tuple[CodeType, int] | None]] = {}
        self._accesses: dict[tuple[object, ...], int] = {}
        #: Where a relation path of an origin was first followed.
        self._asked: dict[tuple[int, tuple[Step, ...]], int] = {}
        #: Tuples of numbers, which the garbage collector leaves alone, unlike sets.
        self._nulls: dict[tuple[int, int], tuple[tuple[int, ...], ...]] = {}
        self._rich: set[int] = set()
        #: Origins of which more is asked, until that is defined.
        self.needed: set[int] = set()
        #: Stacks of which more is asked than where they are: worth a look at the source. Other
        #: threads add to it while it is emptied.
        self.repeated: deque[int] = deque()

    def is_rich(self, stack: int) -> bool:
        """Whether the source of a stack was looked at."""
        return stack in self._rich

    def stack(self, found: Walk) -> int:
        key = found.key
        with self._lock:
            known = self._stacks.get(key)
            if known is None:
                known = self._stacks[key] = next(self._ids)
                self._by_id[known] = found
                frames = tuple([self._resolver.plain(place) for place in found.places])
                self._define(Stack(known, frames, found.repeats, found.via))
                if found.is_telling:
                    self.repeated.append(known)
        return known

    def cause(self, found: Cause | None) -> Cause | None:
        """The one of all sites that have an equal one: most differ in where they stand only."""
        return found and self._causes.setdefault(found.key, found)

    def nulls(self, sql: int, stack: int, params: Any) -> None:
        """Note which parameters are None: a foreign key that is NULL locks nothing."""
        if type(params) not in (tuple, list):
            return
        positions = tuple([at for at, value in enumerate(params) if value is None])
        with self._lock:
            known = self._nulls.get((sql, stack), ())
            if positions not in known and len(known) < _WAYS:
                self._nulls[sql, stack] = (*known, positions)
                self._define(Nulls(sql, stack, positions))

    def origin(self, rows: Any, site: Site, text: int) -> int:
        """The origin of the rows of ``site``'s query; a site has the same one most of the time."""
        queryset = rows.queryset
        built = getattr(getattr(queryset, "_query", None), "_queryaudit_built", None)
        code, lasti = built or (None, -1)
        source = site.source
        if source is None or source[0] is not code or source[1] != lasti:
            # One that was pickled comes back without: as False.
            ancestor = self._of_manager(built, site.stack) if built else None
            origin = self._new_origin(queryset, ancestor, site.stack, text)
            source = site.source = (code, lasti, origin)
        return source[2]

    def _of_manager(self, built: Built, stack: int) -> Ancestor:
        """Where a queryset belongs that a manager's method made: to the method if it goes through
        the rows itself, else to whom it handed the queryset."""
        inner = built.inner
        if inner is not None and any(inner[0] is p.code for p in self._by_id[stack].places):
            return inner
        return built

    def _new_origin(self, queryset: Any, ancestor: Ancestor | None, stack: int, text: int) -> int:
        key = (stack, text, ancestor and (id(ancestor[0]), ancestor[1]))
        known = self._origins.get(key)
        if known is None:
            with self._lock:
                frame = self._resolver.built(ancestor, self._places)
                known = self._origins.setdefault(key, next(self._ids))
                origin = Origin(known, queryset.model._meta.label, text, stack, frame)
                self._origin_rows[known] = (origin, ancestor)
                self._origins_at.setdefault(stack, []).append(known)
                self._define(origin)
        return known

    def access(self, parent: Lineage | None, cause: Any, stack: int) -> int:
        origin = parent.origin if parent is not None else None
        path = parent.path if parent is not None else ()
        if cause.step is not None:
            path = (*path, cause.step)
        key = (origin, cause.owner, path, cause.method, cause.narrowed, cause.prefetched,
               cause.target)  # fmt: skip
        known = self._accesses.get(key)
        if known is None:
            with self._lock:
                known = self._accesses.get(key)
                if known is None:
                    known = self._accesses[key] = next(self._ids)
                    self._define(Access(known, *key))
                    if origin is not None:
                        self.needed.add(origin)
                        # Rows of a collection that was asked here may be what is read next.
                        self._asked.setdefault((origin, path), stack)
                        passed = [self._asked.get((origin, path[:n])) for n in range(1, len(path))]
                        self.repeated += [known for known in passed if known is not None]
        if parent is not None:
            if parent.accesses is None:
                parent.accesses = {}
            parent.accesses[cause] = known
        return known

    def enrich(self) -> None:
        """Define again, with loop and source, the stacks that repeated and the origins in use."""
        repeated = self.repeated
        stacks = {repeated.popleft() for _ in range(len(repeated))} - self._rich
        for stack in stacks:
            self.needed.update(self._origins_at.get(stack, ()))
        origins = self.needed - self._rich
        self.needed.clear()
        for origin in sorted(origins):
            row, ancestor = self._origin_rows[origin]
            stacks.add(row.stack)
            self._rich.add(origin)
            built = self._resolver.built(ancestor, self._places, rich=True)
            self._define(row._replace(built=built))
        for stack in sorted(stacks - self._rich):
            self._rich.add(stack)
            found = self._by_id[stack]
            frames = self._resolver.rich_stack(found.places, found.outer)
            self._define(Stack(stack, frames, found.repeats, found.via))
            for function in self._resolver.functions(found.places):
                self._define(function)
