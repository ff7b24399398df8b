"""The lines of a loop, and how they are changed where the parts of its syntax tree stand."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from queryaudit.advice.edits import edit_between
from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.layout import Change, apply_changes
from queryaudit.advice.source import Span
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Edit


@dataclass(frozen=True, slots=True)
class LoopText:
    """Whole lines, moved to the left as far as the first of them allows."""

    path: str
    first_line: int
    lines: tuple[str, ...]  #: as they stand in the file
    text: bytes
    starts: tuple[int, ...]  #: offset of each line

    @classmethod
    def of(cls, frame: Frame) -> LoopText:
        text = textwrap.dedent("\n".join(frame.loop_source)).encode()
        starts = [0]
        for line in text.split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        first = frame.loop_line or frame.line
        return cls(frame.path, first, frame.loop_source, text, tuple(starts))

    @property
    def has_comment(self) -> bool:
        """Whether something may stand there that no syntax tree has."""
        return b"#" in self.text

    def span(self, node: ast.expr) -> Span:
        """The bytes of a node of the tree of ``text``."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return Span(
            self.starts[node.lineno - 1] + node.col_offset, self.starts[end_line - 1] + end_column
        )

    def changed(
        self, changes: Sequence[Change], before: Sequence[str] = (), after: Sequence[str] = ()
    ) -> Edit | None:
        """The loop with ``changes``, between lines of its own depth."""
        text = apply_changes(self.text, changes)
        return None if text is None else self.replaced([*before, text.decode(), *after])

    def replaced(self, lines: Sequence[str]) -> Edit | None:
        """``lines`` instead of the loop; None if they are no program."""
        text = "\n".join(lines)
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        head = self.lines[0]
        indent = head[: len(head) - len(head.lstrip())]
        new = [f"{indent}{line}" if line.strip() else line for line in text.split("\n")]
        return edit_between(self.path, self.first_line, self.lines, new)


@lru_cache(maxsize=256)
def names_around(source: FunctionSource, loop_line: int, lines: int) -> tuple[str, ...] | None:
    """The names that a function has outside of one of its loops; None if it can't be read."""
    parsed = source.parsed()
    if parsed is None:
        return None
    loop = source.lines_at(loop_line, loop_line + lines - 1)
    found: set[str] = set()
    for node in ast.walk(parsed[1]):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and node.lineno not in loop:
            found.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found.update(node.names)
    return tuple(sorted(found))
