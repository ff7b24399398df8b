"""Finds where in the project a query was asked for, and why.

A walk over the stack is done once for each statement and call site. What it found is remembered
with the depth at which it stood (``recall``); the next query with the same text looks straight
there and checks that the same code is at the same instruction.
"""

from __future__ import annotations

from types import CodeType, FrameType
from typing import Any

from queryaudit.capture import causes
from queryaudit.capture.codefiles import EXECUTIONS, CodeFile, CodeFiles, Mark
from queryaudit.capture.places import (
    Place,
    Places,
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
#: Project frames that tell call paths apart: those that are kept, and their callers.
MAX_CALLERS = 120
#: Frames looked through for those that await a thread.
MAX_HOPS = 40
#: The arguments of a fetch mode's ``fetch``: one that the project wrote is part of the descriptor.
_FETCH = ("self", "fetcher", "instance")

_LIBRARY = FrameKind.LIBRARY


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
        return self.repeats > 1 or (cause is not None and cause.method == "count")

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same way through the project's code."""
        outer = frozenset(self.outer) if self.outer else None
        return (min(self.repeats, 4), self.via, outer, *[place.key for place in self.places])


def walk(
    frame: FrameType,
    depth: int,
    files: CodeFiles,
    known: Places,
    base: tuple[CodeType, int] | None = None,
) -> Walk:
    """Walk outwards from ``frame``, which stands ``depth`` levels above the frame that will use
    the site's depths with ``sys._getframe``, up to the unit of work's ``base`` at most."""
    return _Walker(files, known, base).run(frame, depth)


class _Walker:
    """State of one walk."""

    __slots__ = (
        *(
            "anchor",
            "base",
            "callers",
            "deleting",
            "end",
            "fallback",
            "files",
            "floor",
            "functions",
        ),
        *("kept", "known", "last", "outer", "pending", "places", "probes", "queryset", "read"),
        *("rows", "site", "start", "start_depth"),
    )

    def __init__(self, files: CodeFiles, known: Places, base: tuple[CodeType, int] | None) -> None:
        self.files = files
        self.known = known
        self.base: CodeType | None = base[0] if base is not None else None
        self.floor = base[1] if base is not None else 0
        self.start: FrameType | None = None
        self.start_depth = 0
        self.site = Site()
        self.places: list[Place] = []
        #: How many of the places stand in code.
        self.kept = 0
        self.outer: dict[Place, None] = {}
        self.anchor: tuple[int, FrameType] | None = None
        self.fallback: tuple[int, FrameType] | None = None
        self.last: tuple[int, FrameType] | None = None
        self.queryset: tuple[int, FrameType, str] | None = None
        self.rows: FrameType | None = None
        self.deleting = False
        self.pending: tuple[int, FrameType, Mark] | None = None
        self.callers: list[tuple[int, CodeType, int]] = []
        #: Frames whose variables will be read again, by depth.
        self.read: dict[int, FrameType] = {}
        #: Where the walk ended; between there and the site there is no other project code.
        self.end: tuple[int, CodeType, int] | None = None
        self.probes: list[tuple[int, Any, object]] = []
        self.functions: dict[int, int] = {}

    def run(self, start: FrameType, depth: int) -> Walk:
        based = False
        self.start, self.start_depth = start, depth
        files, base = self.files, self.base
        known = files.known
        limit = depth + MAX_WALK
        frame: FrameType | None = start
        last = start
        while frame is not None and depth < limit:
            code = frame.f_code
            name = code.co_filename
            file = known.get(name) or files(name)
            marks = file.marks
            if marks is not None:
                mark = marks.get(code.co_name)
                if mark is not None:
                    if mark is Mark.BASE or mark is Mark.HANDED:
                        # Below a hand-over lies whatever the thread did before.
                        last, based = frame, mark is Mark.BASE
                        break
                    self._marked(mark, depth, frame)
            else:
                mark = None
            if file.kind is not _LIBRARY:
                if code.co_name != "fetch" or code.co_varnames[:3] != _FETCH:
                    self._project(depth, frame, file.kind)
            elif self.fallback is None and _asks_by_itself(file, mark):
                self.fallback = (depth, frame)
            if code.co_name in EXECUTIONS and not self._asked():
                self.fallback = None  # below an execution stand those who watch it
            last = frame
            if code is base:
                based = True
                if self.floor and self.places and self.places[-1].code is code:
                    self.places[-1] = self.places[-1].above(self.floor)
                break
            depth += 1
            frame = frame.f_back
        else:
            depth -= 1
        self.last = (depth, last)
        self.end = (depth, last.f_code, last.f_lasti)
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
        elif self.anchor is not None or mark is Mark.VALIDATION:
            return  # beyond project code the ORM's frames tell of another query
        elif mark is Mark.QUERYSET or mark is Mark.ROWS:
            if self.pending is None:
                self._queryset(depth, frame)
        elif self.pending is None:
            self.pending = (depth, frame, mark)

    def _asked(self) -> bool:
        """Whether the function that asks for rows has been passed, the ORM's or the project's."""
        return bool(self.anchor or self.pending or self.queryset or self.rows)

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
        self.read[depth] = frame
        if self.anchor is None:
            self.anchor = (depth, frame)

    def _project(self, depth: int, frame: FrameType, kind: FrameKind) -> None:
        code, lasti = frame.f_code, frame.f_lasti
        function = id(code)
        self.functions[function] = self.functions.get(function, 0) + 1
        if self.anchor is None:
            self.anchor = (depth, frame)
        elif len(self.callers) < MAX_CALLERS:
            self.callers.append((depth, code, lasti))
        else:
            return
        place = self.known.at(kind, code, lasti)
        if self.kept >= MAX_FRAMES:
            self.outer[place] = None
        elif not self.places or self.places[-1] is not place:
            self.places.append(place)
            self.kept += 1

    def _awaiting(self) -> None:
        awaiting = self.site.awaiting = AWAITING.get()
        for code, lasti in awaiting:
            kind = self.files(code.co_filename).kind
            self.places.append(self.known.at(kind, code, lasti))

    def _finish(self) -> Walk:
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
            self.places.append(self.known.at(_LIBRARY, frame.f_code, frame.f_lasti))
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


def _asks_by_itself(file: CodeFile, mark: Mark | None) -> bool:
    """Whether a library's function is one that asks, not a part of the ORM that somebody asked."""
    return mark is Mark.VALIDATION or not (file.orm or mark is Mark.TEMPLATE)


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
