"""Source lines around a place, with the guilty expression marked."""

from __future__ import annotations

from dataclasses import dataclass

from queryaudit.records.findings import Location
from queryaudit.reports.clean import clean, shorten

_TAB = 4
_MOST_LINES = 30
_LONGEST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One line as shown: tabs expanded, common indentation gone.

    ``start`` and ``end`` are character offsets into ``text`` of what is marked on this line.
    """

    number: int
    text: str
    guilty: bool  #: part of the marked expression or statement
    start: int | None = None
    end: int | None = None


def source_lines(location: Location, context: int = 3) -> tuple[SourceLine, ...]:
    """The snippet's lines, at most ``context`` before and after the marked ones.

    Byte columns become character offsets. Empty if the source was not at hand.
    """
    snippet = location.snippet
    if snippet is None:
        return ()
    last = max(location.end_line or location.line, location.line)
    last = min(last, location.line + _MOST_LINES)
    shown = [
        (snippet.first_line + index, text)
        for index, text in enumerate(snippet.lines)
        if location.line - context <= snippet.first_line + index <= last + context
    ]
    while shown and not shown[0][1].strip():
        del shown[0]
    while shown and not shown[-1][1].strip():
        del shown[-1]
    margin = _margin([text for _, text in shown])
    return tuple(_line(location, number, text, last, margin) for number, text in shown)


def _line(location: Location, number: int, raw: str, last: int, margin: int) -> SourceLine:
    text = shorten(clean(raw.expandtabs(_TAB))[margin:].rstrip(), _LONGEST)
    if not location.line <= number <= last:
        return SourceLine(number=number, text=text, guilty=False)
    indent = len(text) - len(text.lstrip())
    start, end = indent, len(text)
    if number == location.line and location.column is not None:
        start = _offset(raw, location.column) - margin
    if number == last and location.column is not None and location.end_column is not None:
        end = _offset(raw, location.end_column) - margin
    start, end = max(0, start), min(len(text), end)
    if end <= start:
        return SourceLine(number=number, text=text, guilty=True)
    return SourceLine(number=number, text=text, guilty=True, start=start, end=end)


def _offset(raw: str, column: int) -> int:
    """The character offset, tabs expanded, of a UTF-8 byte offset."""
    before = raw.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "ignore")
    return len(before.expandtabs(_TAB))


def _margin(lines: list[str]) -> int:
    """The width of the indentation that all lines share."""
    expanded = [line.expandtabs(_TAB) for line in lines if line.strip()]
    return min((len(line) - len(line.lstrip()) for line in expanded), default=0)
