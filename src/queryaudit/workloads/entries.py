"""What a source of workload has to say about one statement."""

from __future__ import annotations

import re
from typing import NamedTuple

from queryaudit.records.findings import Diagnostic
from queryaudit.records.plans import Plan


class Entry(NamedTuple):
    """A statement, as Django would have handed it to the driver, and how often it ran.

    ``text`` may hold values: it stays in memory.
    """

    text: str
    calls: int
    duration_ns: int
    rows: int
    plan: Plan | None
    line: int  #: of the source


class Found(NamedTuple):
    """All of a source. ``name`` stands where a place in the code stands elsewhere."""

    name: str
    entries: tuple[Entry, ...]
    diagnostics: tuple[Diagnostic, ...]


_PIECE = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | (?P<percent>%)
    | (?P<typed>\b(?:INTERVAL|DATE|TIMESTAMPTZ|TIMESTAMP|TIME))\s+\$\d+
    | (?P<number>\$\d+)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def with_placeholders(text: str) -> str:
    """``text`` with ``%s`` for each ``$n``, and a per cent sign doubled.

    A number that stands twice becomes two placeholders: the server's numbers are not in the order
    in which a driver counts. ``interval $1`` is what the server makes of ``interval '1 day'``, and
    no SQL.
    """
    return _PIECE.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    if match["typed"]:
        return f"CAST(%s AS {match['typed']})"
    if match["number"]:
        return "%s"
    return match.group().replace("%", "%%")
