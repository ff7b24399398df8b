"""Where in its source an instruction stands."""

from __future__ import annotations

import sys
from itertools import islice
from types import CodeType

#: The interpreter replaces instructions by faster ones as it learns, and knows their columns.
ADAPTS = sys.version_info >= (3, 11)

Positions = tuple[int, "int | None", "int | None", "int | None"]


def positions(code: CodeType, lasti: int) -> Positions:
    """Line, end line, column and end column of an instruction; columns since Python 3.11."""
    if hasattr(code, "co_positions"):
        line, end_line, column, end_column = next(
            islice(code.co_positions(), max(lasti, 0) // 2, None), (None, None, None, None)
        )
        return line or code.co_firstlineno, end_line, column, end_column
    found = code.co_firstlineno
    for start, end, line in code.co_lines():
        if line is not None and start <= lasti < end:
            found = line
    return found, None, None, None
