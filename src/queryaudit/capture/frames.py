"""Places -> frames of a trace: first cheaply, then with loop and source for those that matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import CodeType

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.places import Place, Places
from queryaudit.capture.scopes import Ancestor
from queryaudit.capture.source import source_file
from queryaudit.records.definitions import Frame, FunctionText
from queryaudit.records.kinds import FrameKind
from queryaudit.records.sources import FileHead

_COMPREHENSION_CODES = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_TEMPLATE_CONTEXT = 3
_MAX_TEMPLATE = 400
#: Methods of models that call what they override.
_OVERRIDDEN = frozenset({"save", "asave"})


class FrameResolver:
    """Resolves places to frames with paths relative to the project."""

    def __init__(self, files: CodeFiles) -> None:
        self._files = files
        #: Functions whose source was given.
        self._functions: set[tuple[str, int]] = set()
        #: Files whose head was given, and those whose is still to be, by name.
        self._heads: set[str] = set()
        self._headed: dict[str, None] = {}

    def plain(self, place: Place) -> Frame:
        """Path, position and function; no file is read."""
        if place.plain is None:
            place.plain = self._plain(place)
        return place.plain

    def _plain(self, place: Place) -> Frame:
        if place.code is None:
            path = self._files.relative(place.path) if place.path else ""
            return Frame(
                place.kind, path, place.line, None, None, None, place.name,
                place.loop[0] if place.loop else None, place.loop[1] if place.loop else None,
                None, (),
            )  # fmt: skip
        line, end_line, column, end_column = place.position
        path = self._files.relative(place.code.co_filename)
        name = function_name(place.code)
        return Frame(
            place.kind, path, line, end_line, column, end_column, name, None, None, None, ()
        )

    def built(
        self, ancestor: Ancestor | None, known: Places, *, rich: bool = False
    ) -> Frame | None:
        """The frame that built a queryset, if it was seen."""
        if ancestor is None:
            return None
        code, lasti = ancestor
        place = known.at(self._files(code.co_filename).kind, code, lasti)
        return self.rich(place) if rich else self.plain(place)

    def rich_stack(self, places: Iterable[Place], outer: Iterable[Place]) -> tuple[Frame, ...]:
        """The frames of a stack, and the next one further out in a loop if none of them is."""
        frames = tuple([self.rich(place) for place in places])
        if all(frame.loop_text is None for frame in frames):
            for place in outer:
                frame = self.rich(place)
                if frame.loop_text is not None:
                    return (*frames, frame)
        return frames

    def rich(self, place: Place) -> Frame:
        """As ``plain``, with what the source says."""
        if place.code is None:
            return self._rich(place)
        if place.rich is None:
            place.rich = self._rich(place)
        return place.rich

    def _rich(self, place: Place) -> Frame:
        frame = self.plain(place)
        if place.kind is FrameKind.TEMPLATE:
            return self._template(place, frame)
        name = place.path if place.code is None else place.code.co_filename
        if name and place.kind is not FrameKind.LIBRARY and name not in self._heads:
            self._headed[name] = None
        if place.code is None:
            return self._class(place, frame)
        found = source_file(place.code.co_filename).place(
            frame.line,
            frame.column,
            frame.end_line,
            frame.end_column,
            comprehension=place.code.co_name in _COMPREHENSION_CODES,
            anonymous=place.code.co_name == "<lambda>",
        )
        if found.loop is not None and found.loop.line <= place.floor:
            found = found._replace(loop=None)
        return frame._replace(
            function=found.function or frame.function,
            loop_line=found.loop.line if found.loop else None,
            loop_text=found.loop.text if found.loop else None,
            snippet_line=found.snippet_line,
            snippet=found.snippet,
            loop_source=found.loop.source if found.loop else (),
        )

    def functions(self, places: Sequence[Place]) -> Iterator[FunctionText | FileHead]:
        """The source of the innermost function of Python among the places, and of who calls it
        where that is a ``save()`` which a model overrides; of a view's or an admin's class all of
        it, and the heads of the files that were looked at.

        None of what was given before, is long or is a module. Of a template all of it.
        """
        yield from self._new_heads()
        for place in places:
            if place.code is None and place.kind is FrameKind.PROJECT:
                found = self._whole_class(place)
                if found is not None:
                    yield found
        if places and places[0].kind is FrameKind.TEMPLATE:
            found = self._whole_template(places[0])
            if found is not None:
                yield found
        for place in places:
            if place.code is None:
                continue
            found = self._function(place) if place.kind is not FrameKind.LIBRARY else None
            if found is not None:
                yield found
            if place.code.co_name not in _OVERRIDDEN:
                return

    def _function(self, place: Place) -> FunctionText | None:
        if place.code is None:
            return None
        found = source_file(place.code.co_filename).function(self.plain(place).line)
        path = self._files.relative(place.code.co_filename)
        if found is None or (path, found.first_line) in self._functions:
            return None
        self._functions.add((path, found.first_line))
        return FunctionText(path, found.name, found.first_line, found.lines, found.decorators)

    def _new_heads(self) -> Iterator[FileHead]:
        while self._headed:
            name, _ = self._headed.popitem()
            self._heads.add(name)
            found = source_file(name).head()
            if found is not None:
                path = self._files.relative(name)
                yield FileHead(path, found.first_line, found.lines, found.names)

    def _whole_class(self, place: Place) -> FunctionText | None:
        found = source_file(place.path).class_at(self.rich(place).line)
        path = self._files.relative(place.path)
        if found is None or (path, found.first_line) in self._functions:
            return None
        self._functions.add((path, found.first_line))
        return FunctionText(path, found.name, found.first_line, found.lines)

    def _whole_template(self, place: Place) -> FunctionText | None:
        lines = source_file(place.path).lines
        path = self._files.relative(place.path)
        if not 0 < len(lines) <= _MAX_TEMPLATE or (path, 0) in self._functions:
            return None
        self._functions.add((path, 0))
        return FunctionText(path, "", 1, tuple(lines))

    def _template(self, place: Place, frame: Frame) -> Frame:
        lines = source_file(place.path).lines
        first = max(1, place.line - _TEMPLATE_CONTEXT)
        snippet = tuple(lines[first - 1 : place.line + _TEMPLATE_CONTEXT])
        return frame._replace(snippet_line=first, snippet=snippet)

    def _class(self, place: Place, frame: Frame) -> Frame:
        """The line of the class, or of the attribute or method that stands for a field."""
        file = source_file(place.path)
        names = [name for part in place.name.split("[") for name in part.strip("]").split(".")]
        line = file.definition(names)
        if line is None:
            return frame
        first = max(1, line - 2)
        return frame._replace(
            line=line, snippet_line=first, snippet=tuple(file.lines[first - 1 : line + 4])
        )


def function_name(code: CodeType) -> str:
    name: str = getattr(code, "co_qualname", code.co_name)
    return name.replace("<locals>.", "")
