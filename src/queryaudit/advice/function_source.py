"""The source of one function, parsed as it stands in its file."""

from __future__ import annotations

import ast
from dataclasses import dataclass

#: Answers about functions that are kept.
REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """The lines of one function, as they stand in its file."""

    first_line: int
    lines: tuple[str, ...]

    def parsed(self) -> tuple[str, ast.Module] | None:
        """A text and its tree. One line stands before the function, for methods to be indented."""
        for opening in ("if 1:", ""):
            text = "\n".join((opening, *self.lines))
            try:
                return text, ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
        return None

    def lines_at(self, line: int, end_line: int | None) -> range:
        """The tree's lines for those of the file."""
        first = line - self.first_line + 2
        return range(first, (end_line or line) - self.first_line + 3)
