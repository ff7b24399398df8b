"""Finds where in the project a query was asked for, and why.

A walk over the stack is done once for each statement and call site. What it found is remembered
with the depth at which it stood (``recall``); the next query with the same text looks straight
there and checks that the same code is at the same instruction.
"""

from __future__ import annotations

from types import CodeType, FrameType
from typing import Any

from queryaudit.capture.codefiles import EXECUTIONS, CodeFile, CodeFiles, Mark
from queryaudit.capture.places import (
    Place,
    Places,
    class_kind,
    class_place,
    field_place,
    template_place,
)
from queryaudit.capture.scopes import AWAITING
from queryaudit.capture.seen import MAX_FRAMES, Seen, Walk
from queryaudit.records.kinds import FrameKind

#: Frames walked at most; deeper stacks give the frames found so far.
MAX_WALK = 1500
#: Project frames that tell call paths apart: those that are kept, and their callers.
MAX_CALLERS = 120
#: The arguments of a fetch mode's ``fetch``.
_FETCH = ("self", "fetcher", "instance")

#: GraphQL's functions that resolve a field, and go through a list.
_RESOLVING, _RESOLVED = "execute_field", "complete_list_value"

#: What descriptors call of a row, and of a queryset, where they are.
_LOADING = frozenset({"refresh_from_db", "get"})
_DESCRIPTORS = frozenset(
    {"django.db.models.query_utils", "django.db.models.fields.related_descriptors"}
)

_LIBRARY = FrameKind.LIBRARY


def walk(
    frame: FrameType,
    depth: int,
    files: CodeFiles,
    known: Places,
    base: tuple[CodeType, int] | None = None,
) -> Walk:
    """Walk outwards from ``frame``, which stands ``depth`` levels above the frame that will use
    the site's depths with ``sys._getframe``, up to the unit of work's ``base`` at most."""
    return _Walker(files, known, frame, depth).run(base)


class _Walker(Seen):
    """Goes outwards, and notes what frames tell."""

    #: Whether the place is a field of a GraphQL type: further out stands only who runs the schema.
    __slots__ = ("resolving",)

    def run(self, unit: tuple[CodeType, int] | None) -> Walk:
        based = self.resolving = False
        base, floor = unit if unit is not None else (None, 0)
        files, depth = self.files, self.start_depth
        known = files.known
        limit = depth + MAX_WALK
        frame: FrameType | None = self.start
        last = self.start
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
                if not self.resolving and not _is_part_of_orm(frame):
                    self._project(depth, frame, file.kind)
            elif self.fallback is None and _asks_by_itself(file, mark):
                self.fallback = (depth, frame)
            if code.co_name in EXECUTIONS and not self._asked():
                self.fallback = None  # below an execution stand those who watch it
            last = frame
            if code is base:
                based = True
                if floor and self.places and self.places[-1].code is code:
                    self.places[-1] = self.places[-1].above(floor)
                break
            depth += 1
            frame = frame.f_back
        else:
            depth -= 1
        self.last = (depth, last)
        self.end = (depth, last.f_code, last.f_lasti)
        if not based:
            self._awaiting()
        return self.concluded()

    def _marked(self, mark: Mark, depth: int, frame: FrameType) -> None:
        if mark is Mark.TEMPLATE:
            self._template(depth, frame)
        elif mark is Mark.SERIALIZER:
            self._serializer(depth, frame)
        elif mark is Mark.MANY:
            self._many(depth, frame)
        elif mark is Mark.RECEIVED:
            self._received(depth, frame)
        elif mark is Mark.DELETION:
            self.deleting = self.anchor is None
        elif self.anchor is not None or mark is Mark.VALIDATION or mark is Mark.TASK:
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
        kind = class_kind(cls, self.files)
        if kind is not FrameKind.LIBRARY:
            # A filter's choices are its own: nothing of the list that it stands beside.
            place = class_place(kind if "list_filter" in name else FrameKind.SERIALIZER, cls, name)
            if "list_display" in name:
                place.loop = (0, "for each row of the change list")
            self.places.append(place)
            self.resolving = frame.f_code.co_name == _RESOLVING

    def _many(self, depth: int, frame: FrameType) -> None:
        resolved = frame.f_code.co_name == _RESOLVED
        if not resolved and not hasattr(frame.f_locals.get("self"), "child"):
            return
        for place in self.places:
            if place.kind is FrameKind.SERIALIZER and place.loop is None:
                place.loop = (
                    0,
                    f"for each item of the {'resolved' if resolved else 'serialized'} list",
                )
                return
        if not resolved:
            self._serializer(depth, frame)  # the list itself is a field, and fetches its rows

    def _received(self, depth: int, frame: FrameType) -> None:
        """A field that goes through keys, or a list whose items have one each."""
        owner = frame.f_locals.get("self")
        if self.places:
            return
        if hasattr(owner, "child_relation"):
            self._looked_up(depth, frame, "for each key of the field")
        elif hasattr(owner, "child") and self.field is not None:
            self._looked_up(*self.field, "for each item of the validated list")
        elif self.field is None:
            self.field = (depth, frame)

    def _looked_up(self, depth: int, frame: FrameType, loop: str) -> None:
        value = field_place(frame)
        if value is None or class_kind(value[0], self.files) is FrameKind.LIBRARY:
            return
        self._anchored(depth, frame, field_place, value)
        place = class_place(FrameKind.SERIALIZER, *value)
        place.loop = (0, loop)
        self.places.append(place)

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


def _is_part_of_orm(frame: FrameType) -> bool:
    """Whether the project overrides or wraps what Django calls by itself: a fetch mode's ``fetch``,
    which is part of the descriptor, a queryset's ``_fetch_all``, whoever reads it, a compiler's
    ``execute_sql``, or the method by which a descriptor loads a column or a row."""
    code = frame.f_code
    name = code.co_name
    if name in _LOADING:
        return _is_of_descriptor(frame, name)
    if name == "execute_sql":
        return hasattr(frame.f_locals.get("self"), "as_sql")
    return name == "_fetch_all" or (name == "fetch" and code.co_varnames[:3] == _FETCH)


def _is_of_descriptor(frame: FrameType | None, name: str) -> bool:
    while frame is not None and frame.f_code.co_name == name:
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") in _DESCRIPTORS


def _asks_by_itself(file: CodeFile, mark: Mark | None) -> bool:
    """Whether a library's function is one that asks, not a part of the ORM that somebody asked."""
    return mark is Mark.VALIDATION or not (file.orm or mark is Mark.TEMPLATE)
