"""What a test expects a bad case to be reported as."""

from __future__ import annotations

from typing import NamedTuple


class Expected(NamedTuple):
    """``function`` and ``line`` are where to edit; ``paths`` the causes' relation paths."""

    function: str
    line: str
    paths: tuple[str, ...]
    code: str = ""  #: the last line of the fix, if the test is about it
    note: bool = False  #: of no weight on the few rows of the shop
