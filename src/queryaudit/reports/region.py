"""Places as other tools count them: columns from 1, in UTF-16 code units."""

from __future__ import annotations

from dataclasses import dataclass

from queryaudit.records.findings import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Lines and columns from 1; ``end_column`` is the first one after. None where unknown."""

    line: int
    column: int | None
    end_line: int
    end_column: int | None

    @property
    def one_line(self) -> bool:
        return self.line == self.end_line


def region(location: Location) -> Region:
    """Where ``location`` is. Without its source only the lines are known."""
    line = max(1, location.line)
    end_line = max(line, location.end_line or line)
    column = _column(location, line, location.column)
    end_column = None if column is None else _column(location, end_line, location.end_column)
    if column is not None and end_column is not None and line == end_line:
        end_column = max(column, end_column)
    return Region(line=line, column=column, end_line=end_line, end_column=end_column)


def utf16_length(text: str) -> int:
    """How many UTF-16 code units ``text`` has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _column(location: Location, line: int, offset: int | None) -> int | None:
    """The column of a UTF-8 byte offset into a line of the snippet."""
    if offset is None or offset < 0 or location.snippet is None:
        return None
    index = line - location.snippet.first_line
    if not 0 <= index < len(location.snippet.lines):
        return None
    raw = location.snippet.lines[index].encode("utf-8", "surrogatepass")[:offset]
    return utf16_length(raw.decode("utf-8", "ignore")) + 1
