"""Values for the parameters of a statement, taken from the columns that they are compared with.

A trace has no values. They are read from the database that the user named, stay in memory, and are
the same in every trial of the same data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from queryaudit.advice.conditions import Clause, Compared
from queryaudit.proof.samples import SETS, above, day, parts, spread, words

_NUMBER = re.compile(r"\$(\d+)")
#: The first of two arguments, whose type is known by then, or a cast.
_CONFIGURATION = re.compile(r"to_tsquery\(\(?\$(\d+)\)?(?:::regconfig)?, ")
_PARTS = (Compared.CONTAINS, Compared.OVERLAPS)


class Role(Enum):
    """What a value is to the column."""

    VALUE = "value"
    PART = "part"  #: of what a document or an array holds
    LOW = "low"
    HIGH = "high"  #: of a range that has both
    DAY = "day"  #: the date of a moment
    WORD = "word"  #: of what a text search vector has
    CONFIGURATION = "configuration"  #: of a text search, not the column's


class Place(NamedTuple):
    """A column and what a parameter is to it."""

    schema: str
    table: str
    column: str
    role: Role


def value_sets(
    numbered: str,
    known: Collection[Clause],
    tables: Mapping[str, tuple[str, str]],
    sample: Callable[[Place], Sequence[Any]],
) -> list[tuple[Any, ...]] | None:
    """Sets of values for a statement whose parameters are ``$1``, ``$2``; None if some can't be
    found. ``known`` is what it asks of the ``tables``, which are named by their aliases."""
    wanted = sorted({int(number) for number in _NUMBER.findall(numbered)})
    if wanted != [*range(1, len(wanted) + 1)]:
        return None
    if not wanted:
        return [()]
    columns = _columns([c for c in known if c.alias in tables and not c.joined], tables)
    if any(number not in columns for number in wanted):
        return None
    found = {
        # It decides how words are made of a text; those of the column are words.
        place: ["simple"] * SETS if place.role is Role.CONFIGURATION else sample(place)
        for place in set(columns.values())
    }
    sets = [
        tuple(found[columns[number]][turn] for number in wanted)
        for turn in range(SETS)
        if all(len(found[columns[number]]) > turn for number in wanted)
    ]
    return sets or None


def chosen(values: Sequence[Any], role: Role) -> list[Any]:
    """Of a sample of a column, a few from the commonest to the rarest, as they are asked for."""
    found = spread(values)
    if role is Role.HIGH:
        return above(found, values)
    if role is Role.WORD:
        return words(values)
    if role is Role.DAY:
        return spread([day(value) for value in values])
    return parts(found, values) if role is Role.PART else found


def _columns(known: Collection[Clause], tables: Mapping[str, tuple[str, str]]) -> dict[int, Place]:
    """The column that each parameter is compared with."""
    ends = {(c.alias, c.column, end) for c in known if (end := _end(c)) is not None}
    found: dict[int, Place] = {}
    for clause in known:
        place = (*tables[clause.alias], clause.column)
        role = Role.PART if clause.test in _PARTS else Role.VALUE
        if clause.function == "date":
            role = Role.DAY
        if clause.test is Compared.MATCHES:
            role = Role.WORD
            for number in _CONFIGURATION.findall(clause.text):
                found.setdefault(int(number), Place(*place, Role.CONFIGURATION))
        if {(clause.alias, clause.column, end) for end in (Role.LOW, Role.HIGH)} <= ends:
            role = _end(clause) or role
        for number in _NUMBER.findall(clause.text):
            found.setdefault(int(number), Place(*place, role))
    return found


def _end(clause: Clause) -> Role | None:
    """Which end of a range a comparison is."""
    if clause.test is not Compared.RANGE or clause.function:
        return None
    return Role.LOW if " >" in clause.text else Role.HIGH
