"""A fix as the lines that go and the lines that come."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

from queryaudit.records.findings import Edit, Fix
from queryaudit.reports.clean import clean, clean_lines

_MOST_LINES = 400
_LONGEST = 2_000


class Change(Enum):
    """The sign that a line carries in a diff."""

    SAME = " "
    GONE = "-"
    COME = "+"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff; ``number`` is its line in the file as it is now, if it is there."""

    change: Change
    number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The edits to one run of lines of one file."""

    path: str
    first_line: int
    lines: tuple[DiffLine, ...]


def diffs(fix: Fix) -> tuple[FileDiff, ...]:
    """One diff an edit, in order; empty if the fix only has code to show."""
    return tuple(_diff(edit) for edit in fix.edits)


def code_lines(fix: Fix) -> list[str]:
    """The code of a fix that has no edits, clean, without blank lines around it."""
    lines = clean_lines(fix.code, limit=_LONGEST * 10)
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return lines


def _diff(edit: Edit) -> FileDiff:
    before, after = _capped(edit.before), _capped(edit.after)
    lines: list[DiffLine] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        change = Change.SAME if tag == "equal" else Change.GONE
        lines += [
            DiffLine(change, edit.first_line + index, before[index]) for index in range(i1, i2)
        ]
        if tag != "equal":
            lines += [DiffLine(Change.COME, None, after[index]) for index in range(j1, j2)]
    return FileDiff(clean(edit.path), edit.first_line, tuple(lines))


def _capped(lines: tuple[str, ...]) -> list[str]:
    shown = [clean(line.rstrip("\r\n").expandtabs(4), _LONGEST) for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"… {len(lines) - _MOST_LINES} more lines")
    return shown
