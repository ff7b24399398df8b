"""What a walk over the stack saw, and what follows from it: the site, and why the query ran."""

from __future__ import annotations

from types import CodeType, FrameType
from typing import Any

from queryaudit.capture import causes
from queryaudit.capture.codefiles import CodeFiles, Mark
from queryaudit.capture.places import Place, Places, owner_class, owner_place
from queryaudit.capture.recall import CONFIRM, RECALL, Site
from queryaudit.records.kinds import FetchKind, FrameKind

#: Project frames kept for a call site, innermost first.
MAX_FRAMES = 6


class Walk:
    """The result of one walk: places innermost first, and what else was seen."""

    __slots__ = ("outer", "places", "repeats", "site", "via")

    def __init__(
        self, site: Site, places: list[Place], outer: tuple[Place, ...], repeats: int, via: str
    ) -> None:
        self.site = site
        self.via = via
        self.places = places
        #: The project's calls further out than ``places``, each once: a recursion adds none.
        self.outer = outer
        self.repeats = repeats

    @property
    def is_telling(self) -> bool:
        """Whether its source matters even if it runs but once."""
        cause = self.site.cause
        return self.repeats > 1 or (cause is not None and cause.method in ("count", "exists"))

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same way through the project's code."""
        outer = tuple(sorted(id(place) for place in self.outer)) if self.outer else None
        return (min(self.repeats, 4), self.via, outer, *[place.key for place in self.places])


class Seen:
    """What was seen so far, frames with their depths. Innermost first, as a walk goes."""

    __slots__ = (
        *("anchor", "callers", "deleting", "end", "fallback", "files", "functions", "kept"),
        *(
            "field",
            "known",
            "last",
            "outer",
            "pending",
            "places",
            "probes",
            "queryset",
            "read",
            "rows",
        ),
        *("site", "start", "start_depth"),
    )

    def __init__(self, files: CodeFiles, known: Places, start: FrameType, depth: int) -> None:
        self.files = files
        self.known = known
        self.start = start
        self.start_depth = depth
        self.site = Site()
        self.places: list[Place] = []
        #: How many of the places stand in code.
        self.kept = 0
        self.outer: dict[Place, None] = {}
        #: The innermost frame that is the project's or shows something of it.
        self.anchor: tuple[int, FrameType] | None = None
        #: The innermost of a library that asked by itself.
        self.fallback: tuple[int, FrameType] | None = None
        self.last: tuple[int, FrameType] | None = None
        self.queryset: tuple[int, FrameType, str] | None = None
        self.rows: FrameType | None = None
        self.deleting = False
        #: A serializer's field that looks up a key.
        self.field: tuple[int, FrameType] | None = None
        #: A frame of the ORM that loads for want of what was not loaded.
        self.pending: tuple[int, FrameType, Mark] | None = None
        self.callers: list[tuple[int, CodeType, int]] = []
        #: Frames whose variables will be read again, by depth.
        self.read: dict[int, FrameType] = {}
        #: Where the walk ended; between there and the site there is no other project code.
        self.end: tuple[int, CodeType, int] | None = None
        self.probes: list[tuple[int, Any, object]] = []
        #: Activations of the project's functions, by the code's id.
        self.functions: dict[int, int] = {}

    def concluded(self) -> Walk:
        """The walk, once it has ended."""
        site = self.site
        if not any(place.kind is FrameKind.PROJECT for place in self.places) and self.last:
            owner = owner_place(self.start, self.start_depth, self.files, self.last[0])
            if owner is not None:
                depth, frame, cls, place = owner
                self.probes.append((depth, owner_class, cls))
                self.read[depth] = frame
                self.places.append(place)
        if not self.places and self.fallback is not None:
            frame = self.fallback[1]
            self.places.append(self.known.at(FrameKind.LIBRARY, frame.f_code, frame.f_lasti))
        anchor = self.anchor or self.fallback or self.last
        if anchor is not None:
            depth, frame = anchor
            site.depth, site.code, site.lasti = depth + RECALL, frame.f_code, frame.f_lasti
        for found in (self.queryset, self.pending):
            if found is not None:
                self.read[found[0]] = found[1]
        if self.rows is not None and site.rows_depth is not None:
            self.read[site.rows_depth] = self.rows
        # Frames that will be read again are checked as well: between the same two instructions of
        # the project a library may take another way of the same length.
        site.reads = tuple(
            (depth + RECALL, frame.f_code, frame.f_lasti) for depth, frame in self.read.items()
        )
        path = self.callers
        if self.end is not None and (not path or path[-1][0] != self.end[0]):
            path.append(self.end)
        site.callers = tuple((depth + RECALL, code, lasti) for depth, code, lasti in path)
        site.probes = tuple((depth + CONFIRM, read, value) for depth, read, value in self.probes)
        site.simple = not site.probes and site.awaiting is None
        site.cause = self._cause()
        site.fetches = self._fetches()
        outer = tuple([place for place in self.outer if place not in self.places])
        return Walk(site, self.places, outer, self._repeats(), self._via())

    def _via(self) -> str:
        """The library's function between the ORM and the project that asked for the rows."""
        if self.fallback is None:
            return ""
        depth, frame = self.fallback
        if self.anchor is not None and depth > self.anchor[0]:
            return ""
        return f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_name}"

    def _repeats(self) -> int:
        """Activations of the function that asks, or of the one that calls it for that."""
        nearest = [place.code for place in self.places if place.code is not None][:2]
        return max((self.functions.get(id(code), 1) for code in nearest), default=1)

    def _fetches(self) -> FetchKind | None:
        """Who reads the rows, where it is no queryset's compiler."""
        if self.rows is not None:
            raw = type(self.rows.f_locals.get("self")).__name__ == "RawModelIterable"
            return FetchKind.RAW if raw else None
        return FetchKind.CURSOR if self.queryset is None and self.pending is None else None

    def _cause(self) -> causes.Cause | None:
        target = None
        if self.queryset is not None:
            target = getattr(self.queryset[1].f_locals.get("self"), "model", None)
        if self.deleting and self.queryset is not None:
            return causes.of_deletion(self.queryset[1], self.queryset[0])
        if self.pending is not None:
            depth, frame, mark = self.pending
            if mark is Mark.PREFETCH:
                return causes.from_prefetch(frame, depth, target)
            return causes.from_descriptor(frame, depth, target)
        if self.queryset is not None:
            return causes.from_queryset(self.queryset[1], self.queryset[0], self.queryset[2])
        if self.rows is not None and self.site.rows_depth is not None:
            return causes.from_queryset(self.rows, self.site.rows_depth, "__iter__")
        return None
