"""Finds where in the project a query was asked for, and why.

A walk over the stack is done once for each statement and call site. What it found is remembered
with the depth at which it stood (``recall``); the next query with the same text looks straight
there and checks that the same code is at the same instruction.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from queryaudit.capture import causes
from queryaudit.capture.codefiles import CodeFiles, Mark
from queryaudit.capture.places import (
    Place,
    class_kind,
    class_place,
    field_place,
    owner_class,
    owner_place,
    template_place,
)
from queryaudit.capture.recall import CONFIRM, RECALL, Site
from queryaudit.capture.scopes import AWAITING, Ancestor
from queryaudit.records.events import FetchKind, FrameKind

#: Project frames kept for a call site, innermost first.
MAX_FRAMES = 6
#: Frames walked at most; deeper stacks give the frames found so far.
MAX_WALK = 1500
#: Callers further from the site than this are not checked again on each query.
MAX_HOPS = 40
#: The arguments of a fetch mode's ``fetch``: one that the project wrote is part of the descriptor.
_FETCH = ("self", "fetcher", "instance")


class Walk:
    """The result of one walk: places innermost first, and what else was seen."""

    __slots__ = ("places", "repeats", "site")

    def __init__(self, site: Site, places: list[Place], repeats: int) -> None:
        self.site = site
        self.places = places
        self.repeats = repeats


def walk(
    frame: FrameType, depth: int, files: CodeFiles, base: tuple[CodeType, int] | None = None
) -> Walk:
    """Walk outwards from ``frame``, which stands ``depth`` levels above the frame that will use
    the site's depths with ``sys._getframe``, up to the unit of work's ``base`` at most."""
    return _Walker(files, base).run(frame, depth)


class _Walker:
    """State of one walk."""

    def __init__(self, files: CodeFiles, base: tuple[CodeType, int] | None) -> None:
        self.files = files
        self.base: CodeType | None = base[0] if base is not None else None
        self.floor = base[1] if base is not None else 0
        self.start: FrameType | None = None
        self.start_depth = 0
        self.site = Site()
        self.places: list[Place] = []
        self.anchor: tuple[int, FrameType] | None = None
        self.fallback: tuple[int, FrameType] | None = None
        self.last: tuple[int, FrameType] | None = None
        self.queryset: tuple[int, FrameType, str] | None = None
        self.rows: FrameType | None = None
        self.deleting = False
        self.pending: tuple[int, FrameType, Mark] | None = None
        self.callers: list[tuple[int, CodeType, int]] = []
        #: Where the walk ended; between there and the site there is no other project code.
        self.end: tuple[int, CodeType, int] | None = None
        self.probes: list[tuple[int, Any, object]] = []
        self.functions: dict[CodeType, int] = {}

    def run(self, frame: FrameType | None, depth: int) -> Walk:
        based = False
        self.start, self.start_depth = frame, depth
        limit = depth + MAX_WALK
        while frame is not None and depth < limit:
            code = frame.f_code
            file = self.files(code.co_filename)
            mark = file.marks.get(code.co_name) if file.marks is not None else None
            if mark is Mark.BASE or mark is Mark.HANDED:
                # Below a hand-over lies whatever the thread did before.
                self.end = (depth, code, frame.f_lasti)
                based = mark is Mark.BASE
                break
            if mark is not None:
                self._marked(mark, depth, frame)
            if file.kind is not FrameKind.LIBRARY:
                if code.co_name != "fetch" or code.co_varnames[:3] != _FETCH:
                    self._project(depth, frame, file.kind)
            elif not file.orm and self.fallback is None and mark is not Mark.TEMPLATE:
                self.fallback = (depth, frame)
            self.last = (depth, frame)
            if code is self.base:
                based = True
                if self.places and self.places[-1].code is code:
                    self.places[-1].floor = self.floor
                break
            depth += 1
            frame = frame.f_back
        if not based:
            self._awaiting()
        return self._finish()

    def _marked(self, mark: Mark, depth: int, frame: FrameType) -> None:
        if mark is Mark.TEMPLATE:
            self._template(depth, frame)
        elif mark is Mark.SERIALIZER:
            self._serializer(depth, frame)
        elif mark is Mark.MANY:
            self._many(depth, frame)
        elif mark is Mark.DELETION:
            self.deleting = self.anchor is None
        elif self.anchor is not None:
            return  # beyond project code the ORM's frames tell of another query
        elif mark is Mark.QUERYSET or mark is Mark.ROWS:
            if self.pending is None:
                self._queryset(depth, frame)
        elif self.pending is None:
            self.pending = (depth, frame, mark)

    def _queryset(self, depth: int, frame: FrameType) -> None:
        owner = frame.f_locals.get("self")
        if hasattr(owner, "chunked_fetch"):
            if self.site.rows_depth is None and self.queryset is None:
                self.site.rows_depth = depth
                self.rows = frame
            return
        first = self.queryset
        name = frame.f_code.co_name
        # The innermost queryset ran; the outermost method says what was asked for.
        self.queryset = (depth, frame, name) if first is None else (first[0], first[1], name)

    def _template(self, depth: int, frame: FrameType) -> None:
        value = template_place(frame)
        if value is None:
            return
        path, line, contents = value
        inner = [place for place in self.places if place.kind is FrameKind.TEMPLATE]
        if not inner:
            self._anchored(depth, frame, template_place, value)
        elif contents.startswith("for ") and inner[-1].loop is None:
            inner[-1].loop = (line, contents)
        if any(place.path == path for place in inner):
            return
        if self.files.kind_of_path(path) is not FrameKind.LIBRARY:
            self.places.append(Place(FrameKind.TEMPLATE, None, -1, path, line, contents))

    def _serializer(self, depth: int, frame: FrameType) -> None:
        value = field_place(frame)
        if value is None or any(place.kind is FrameKind.SERIALIZER for place in self.places):
            return
        cls, name = value
        self._anchored(depth, frame, field_place, value)
        if class_kind(cls, self.files) is not FrameKind.LIBRARY:
            place = class_place(FrameKind.SERIALIZER, cls, name)
            if "list_display" in name:
                place.loop = (0, "for each row of the change list")
            self.places.append(place)

    def _many(self, depth: int, frame: FrameType) -> None:
        if not hasattr(frame.f_locals.get("self"), "child"):
            return
        for place in self.places:
            if place.kind is FrameKind.SERIALIZER and place.loop is None:
                place.loop = (0, "for each item of the serialized list")
                return
        self._serializer(depth, frame)  # the list itself is a field, and fetches its rows

    def _anchored(self, depth: int, frame: FrameType, reader: Any, value: object) -> None:
        self.probes.append((depth, reader, value))
        if self.anchor is None:
            self.anchor = (depth, frame)

    def _project(self, depth: int, frame: FrameType, kind: FrameKind) -> None:
        code = frame.f_code
        self.functions[code] = self.functions.get(code, 0) + 1
        if sum(place.code is not None for place in self.places) >= MAX_FRAMES:
            return
        lasti = frame.f_lasti
        previous = self.places[-1] if self.places else None
        if previous is None or previous.code is not code or previous.lasti != lasti:
            self.places.append(Place(kind, code, lasti))
        if self.anchor is None:
            self.anchor = (depth, frame)
        elif depth - self.anchor[0] <= MAX_HOPS:
            self.callers.append((depth, code, lasti))

    def _awaiting(self) -> None:
        awaiting = self.site.awaiting = AWAITING.get()
        for code, lasti in awaiting:
            kind = self.files(code.co_filename).kind
            self.places.append(Place(kind, code, lasti))

    def _finish(self) -> Walk:
        site = self.site
        if not any(place.kind is FrameKind.PROJECT for place in self.places):
            owner = owner_place(self.start, self.start_depth, self.files)
            if owner is not None:
                self.probes.append((owner[0], owner_class, owner[1]))
                self.places.append(owner[2])
        if not self.places and self.fallback is not None:
            code = self.fallback[1].f_code
            self.places.append(Place(FrameKind.LIBRARY, code, self.fallback[1].f_lasti))
        anchor = self.anchor or self.fallback or self.last
        if anchor is not None:
            depth, frame = anchor
            site.depth, site.code, site.lasti = depth + RECALL, frame.f_code, frame.f_lasti
        # Frames that will be read again are checked as well: between the same two instructions of
        # the project a library may take another way of the same length.
        checked = dict.fromkeys(
            [*self._read_frames(), *self.callers, *([self.end] if self.end else [])]
        )
        site.callers = tuple((depth + RECALL, code, lasti) for depth, code, lasti in checked)
        site.probes = tuple((depth + CONFIRM, read, value) for depth, read, value in self.probes)
        site.simple = not site.probes and site.awaiting is None
        site.cause = self._cause()
        site.fetches = self._fetches()
        return Walk(site, self.places, self._repeats())

    def _fetches(self) -> FetchKind | None:
        """Who reads the rows, where it is no queryset's compiler."""
        if self.rows is not None:
            raw = type(self.rows.f_locals.get("self")).__name__ == "RawModelIterable"
            return FetchKind.RAW if raw else None
        return FetchKind.CURSOR if self.queryset is None and self.pending is None else None

    def _repeats(self) -> int:
        """Activations of the function that asks, or of the one that calls it for that."""
        nearest = [place.code for place in self.places if place.code is not None][:2]
        return max((self.functions.get(code, 1) for code in nearest), default=1)

    def _read_frames(self) -> Iterator[tuple[int, CodeType, int]]:
        """Depth, code and instruction of the frames whose variables tell cause, rows and place."""
        depths = {depth for depth, _, _ in self.probes}
        depths |= {found[0] for found in (self.queryset, self.pending) if found is not None}
        if self.site.rows_depth is not None:
            depths.add(self.site.rows_depth)
        frame, depth = self.start, self.start_depth
        while frame is not None and depth <= max(depths, default=-1):
            if depth in depths:
                yield depth, frame.f_code, frame.f_lasti
            frame, depth = frame.f_back, depth + 1

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


def awaiting_frames(
    frame: FrameType | None, files: CodeFiles, base: tuple[CodeType, int] | None = None
) -> tuple[Ancestor, ...]:
    """The project's frames from ``frame`` outwards, up to the unit of work's ``base`` at most, for
    a thread that will run on their behalf."""
    found: list[Ancestor] = []
    depth = 0
    while frame is not None and depth < MAX_HOPS and len(found) < MAX_FRAMES:
        code = frame.f_code
        file = files(code.co_filename)
        mark = file.marks.get(code.co_name) if file.marks is not None else None
        if mark is Mark.BASE:
            break
        if mark is Mark.HANDED:
            return (*found, *AWAITING.get())[:MAX_FRAMES]
        if file.kind is not FrameKind.LIBRARY:
            found.append((code, frame.f_lasti))
        if base is not None and code is base[0]:
            return tuple(found)
        depth += 1
        frame = frame.f_back
    return tuple(found) or AWAITING.get()
