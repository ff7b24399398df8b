"""How things are set on a terminal of a given width: labels, hanging lines, code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from queryaudit.reports.diff import Change, FileDiff
from queryaudit.reports.source import SourceLine

_LABEL = 8
_WIDE_FROM = 60

_CHANGE_STYLES = {Change.SAME: "dim", Change.GONE: "red", Change.COME: "green"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The width to fill. Labels stand beside their text if there is room, else above it."""

    width: int

    @property
    def wide(self) -> bool:
        return self.width >= _WIDE_FROM

    @property
    def indent(self) -> int:
        """Columns before the text of a section."""
        return _LABEL + 2 if self.wide else 2

    @property
    def room(self) -> int:
        """Columns for the text of a section."""
        return self.width - self.indent

    def section(self, label: str, *parts: RenderableType) -> RenderableType:
        """``parts`` below each other, with ``label`` beside or above them."""
        body = Group(*parts)
        name = Text(label, style="bold cyan")
        if not self.wide:
            return Group(name, Padding(body, (0, 0, 0, 2)))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=_LABEL, justify="right", no_wrap=True)
        grid.add_column(width=self.room, overflow="fold")
        grid.add_row(name, body)
        return grid

    def rest(self, *parts: RenderableType) -> RenderableType:
        """More of a section, after lines that stood on their own."""
        return Padding(Group(*parts), (0, 0, 0, self.indent))

    def verbatim(self, line: Text) -> RenderableType:
        """A line of a section to be copied: it runs beyond the width and is never broken."""
        # In a group, because a bare text loses its own rules of wrapping when it is printed.
        return Group(Text.assemble(" " * self.indent, line, no_wrap=True, overflow="ignore"))


def hanging(head: Text, body: RenderableType) -> RenderableType:
    """``head``, with ``body`` beside it wrapping under its own beginning."""
    grid = Table.grid(expand=True)
    grid.add_column(width=head.cell_len, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(head, body)
    return grid


def listing(lines: tuple[SourceLine, ...], room: int) -> RenderableType:
    """Source with line numbers; the guilty expression is styled and underlined with carets.

    A long line is cut on the right; a guilty one on the left too, if its mark lies far out.
    """
    digits = max(len(str(line.number)) for line in lines)
    width = max(8, room - digits - 5)
    alone = sum(line.guilty for line in lines) == 1
    out: list[Text] = []
    for line in lines:
        offset = _offset(line, width)
        out.append(_code(line, offset, width, digits))
        if alone and line.start is not None and line.end is not None:
            out.append(_carets(line.text, line.start, line.end, offset, width, digits))
    return Group(*out)


def _code(line: SourceLine, offset: int, width: int, digits: int) -> Text:
    shown = line.text[offset:]
    if cell_len(shown) > width:
        shown = set_cell_size(shown, width - 1) + "…"
    if offset:
        shown = "…" + shown[1:]
    text = Text(shown)
    if line.start is not None and line.end is not None:
        text.stylize("bold red", max(0, line.start - offset), max(0, line.end - offset))
    mark = ("> ", "bold red") if line.guilty else "  "
    gutter = (f"{line.number:>{digits}} │ ", "dim")
    return Text.assemble(mark, gutter, text, no_wrap=True, overflow="crop")


def _carets(text: str, start: int, end: int, offset: int, width: int, digits: int) -> Text:
    before = min(cell_len(text[offset:start]), width - 1)
    length = max(1, min(cell_len(text[max(offset, start) : end]), width - before))
    return Text.assemble(
        "  ",
        (f"{'':{digits}} │ ", "dim"),
        " " * before,
        ("^" * length, "bold red"),
        no_wrap=True,
        overflow="crop",
    )


def _offset(line: SourceLine, width: int) -> int:
    """How many characters to leave out on the left so that the mark is in sight."""
    if line.start is None or line.end is None or line.end < width:
        return 0
    return max(0, min(line.start - width // 5, line.end - width + 1))


def patch(diff: FileDiff) -> Iterator[Text]:
    """The lines of a diff, with the numbers of those that are there now."""
    digits = max((len(str(line.number)) for line in diff.lines if line.number), default=1)
    margin = min(
        (len(line.text) - len(line.text.lstrip()) for line in diff.lines if line.text.strip()),
        default=0,
    )
    for line in diff.lines:
        number = "" if line.number is None else str(line.number)
        shown = f"{line.change.value} {line.text[margin:]}"
        yield Text.assemble((f"{number:>{digits}} ", "dim"), (shown, _CHANGE_STYLES[line.change]))
