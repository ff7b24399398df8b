"""A frame's source lines as a syntax tree, with byte offsets into the unchanged text.

A snippet is cut out of a file: it can begin in the middle of a statement and stop after the header
of a loop. The widest run of whole lines around the frame that parses is taken, completed where only
a body is missing. Nothing is dedented, so that the tree's columns are the file's.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind

#: Runs of lines that are tried, widest first, and bytes in all; keeps the search short.
_ATTEMPTS = 200
_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Span:
    """Byte offsets into ``Source.text``, the end exclusive."""

    start: int
    end: int

    def holds(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Source:
    """Lines that parse, as they stand in the file, and the place that a frame points to."""

    text: bytes  #: the lines, each with its line feed
    first_line: int  #: number of the first line in the file
    starts: tuple[int, ...]  #: offset of each line, and of the end
    tree: ast.Module
    shift: int  #: lines put before the text for the parser
    focus: Span  #: the frame's range; whole lines where its columns are unknown
    exact: bool  #: whether the columns are known

    def span(self, node: ast.expr | ast.stmt) -> Span | None:
        """Where the node stands; None for what the parser made up."""
        line = node.lineno - 1 - self.shift
        if node.end_lineno is None or node.end_col_offset is None:
            return None
        end_line = node.end_lineno - 1 - self.shift
        if not (0 <= line <= end_line < len(self.starts) - 1):
            return None
        start = self.starts[line] + node.col_offset
        end = self.starts[end_line] + node.end_col_offset
        return Span(start, end) if start < end <= len(self.text) else None

    def line_start(self, offset: int) -> int:
        """Where the line begins in which a byte stands."""
        return self.text.rfind(b"\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the line ends in which a byte stands, its line feed excluded."""
        return self.text.index(b"\n", offset)

    def indent_before(self, offset: int) -> bytes | None:
        """The white space before a byte, if nothing else stands before it in its line."""
        before = self.text[self.line_start(offset) : offset]
        return None if before.strip() else before

    def ends_line(self, offset: int) -> bool:
        """Whether only a comment can follow in the line."""
        rest = self.text[offset : self.line_end(offset)].strip()
        return not rest or rest.startswith(b"#")


def read_source(frame: Frame) -> Source | None:
    """The parsed surroundings of a frame; None if there is no Python to be had."""
    if frame.kind is FrameKind.TEMPLATE or frame.snippet_line is None:
        return None
    lines = _bytes_of(frame.snippet)
    here = frame.line - frame.snippet_line
    last = (frame.end_line or frame.line) - frame.snippet_line
    if lines is None or not (0 <= here <= last < len(lines)):
        return None
    for start, end in islice(_runs(here, last + 1, len(lines)), _ATTEMPTS):
        parsed = _parse(lines[start:end])
        if parsed is not None:
            return _located(frame, lines[start:end], frame.snippet_line + start, *parsed)
    return None


def expression_at(frame: Frame) -> str | None:
    """The question as it is written, where its columns are known."""
    source = read_source(frame)
    if source is None or not source.exact:
        return None
    whole = _whole(source)
    code = " ".join(source.text[whole.start : whole.end].decode().split())
    try:
        ast.parse(code, mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return None
    return code


def statement_at(frame: Frame) -> str | None:
    """The innermost statement around the question, with all of its lines."""
    source = read_source(frame)
    if source is None:
        return None
    spans = (source.span(node) for node in ast.walk(source.tree) if isinstance(node, ast.stmt))
    around = [span for span in spans if span is not None and span.meets(source.focus)]
    if not around:
        return None
    least = min(around, key=lambda span: span.end - span.start)
    return source.text[least.start : least.end].decode()


def _whole(source: Source) -> Span:
    """The frame's range; of a chain over several lines the chain, as calls begin at their names."""
    calls = (source.span(node) for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    ends = (span for span in calls if span is not None and span.end == source.focus.end)
    return next((span for span in ends if span.start < source.focus.start), source.focus)


def parses(text: bytes) -> bool:
    """Whether lines cut out of a file parse by themselves."""
    return _parse(text.split(b"\n")) is not None


def _runs(here: int, after: int, count: int) -> Iterator[tuple[int, int]]:
    """All runs of lines that include those from ``here`` up to ``after``, widest first."""
    for less in range(here + count - after + 1):
        for start in range(max(0, less - (count - after)), min(here, less) + 1):
            yield start, count - (less - start)


def _bytes_of(snippet: tuple[str, ...]) -> list[bytes] | None:
    try:
        lines = [line.encode("utf-8") for line in snippet]
    except UnicodeEncodeError:
        return None
    odd = any(character in line for line in lines for character in (b"\n", b"\r", b"\f", b"\0"))
    return None if odd or sum(map(len, lines)) > _LIMIT else lines


def _parse(lines: list[bytes]) -> tuple[ast.Module, int] | None:
    """The tree, and how many lines were put before it for the parser's sake."""
    first = next((line for line in lines if line.strip()), b"")
    if not first:
        return None
    indent = first[: len(first) - len(first.lstrip())]
    if first.lstrip().startswith(b"elif "):
        lines = [line.replace(b"elif", b"if  ", 1) if line is first else line for line in lines]
    text = b"\n".join(lines)
    before = b"if 1:\n" if indent else b""
    last = next(line for line in reversed(lines) if line.strip())
    deeper = last[: len(last) - len(last.lstrip())] + b" "
    for after in (b"", b"\n" + deeper + b"pass", b"\n" + indent + b" pass"):
        tree = _tree(before + text + after)
        if tree is not None:
            return tree, before.count(b"\n")
    return None


def _tree(text: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _located(
    frame: Frame, lines: list[bytes], first_line: int, tree: ast.Module, shift: int
) -> Source | None:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    here = frame.line - first_line
    last = (frame.end_line or frame.line) - first_line
    exact = frame.column is not None and frame.end_column is not None
    focus = Span(starts[here], starts[last + 1] - 1)
    if frame.column is not None and frame.end_column is not None:
        focus = Span(starts[here] + frame.column, starts[last] + frame.end_column)
        if not 0 <= focus.start < focus.end <= starts[last + 1]:
            return None
    text = b"".join(line + b"\n" for line in lines)
    return Source(text, first_line, tuple(starts), tree, shift, focus, exact)
