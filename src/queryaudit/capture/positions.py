"""Where in its source an instruction stands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from types import CodeType

#: The interpreter replaces instructions by faster ones as it learns, and knows their columns.
ADAPTS = sys.version_info >= (3, 11)

Positions = tuple[int, "int | None", "int | None", "int | None"]
_Found = tuple["int | None", "int | None", "int | None", "int | None"]
_NOWHERE: _Found = (None, None, None, None)


def positions(code: CodeType, lasti: int) -> Positions:
    """Line, end line, column and end column of an instruction; columns since Python 3.11."""
    telling = getattr(code, "co_positions", None)
    if telling is not None:
        line, end_line, column, end_column = _latest.find(code, telling, max(lasti, 0) // 2)
        return line or code.co_firstlineno, end_line, column, end_column
    found = code.co_firstlineno
    for start, end, line in code.co_lines():
        if line is not None and start <= lasti < end:
            found = line
    return found, None, None, None


class _Latest:
    """The code that was asked for last, and the positions in it once it is asked for again.

    They are told by going through all before: a test of ten queries would be gone through ten
    times.
    """

    def __init__(self) -> None:
        self._known: tuple[CodeType | None, Sequence[_Found]] = (None, ())

    def find(self, code: CodeType, telling: Callable[[], Iterable[_Found]], index: int) -> _Found:
        known, found = self._known  # in one step: threads look at the same time
        if known is not code:
            self._known = (code, ())
            return next(islice(telling(), index, None), _NOWHERE)
        if not found:
            found = [*telling()]
            self._known = (code, found)
        return found[index] if index < len(found) else _NOWHERE


_latest = _Latest()
