"""From a sample of a column to the few values that a statement is tried with. Pure."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

#: Sets of values that a statement is tried with.
SETS = 3
#: A word of a text search vector, as PostgreSQL shows it.
_WORD = re.compile(r"'((?:[^']|'')*)'")
#: What lies between the ends of a range that are not known, of all rows: as PostgreSQL has it.
_RANGE = 0.005


def spread(values: Sequence[Any]) -> list[Any]:
    """The most frequent value, one in the middle, and the rarest: what is searched for is often
    what is rare, and what is common must not become slower."""
    counts = Counter(repr(value) for value in values)
    distinct = [*{repr(value): value for value in values}.items()]
    distinct.sort(key=lambda item: -counts[item[0]])
    last = len(distinct) - 1
    places = dict.fromkeys(round(last * turn / (SETS - 1)) for turn in range(SETS))
    return [distinct[place][1] for place in places] if distinct else []


def day(value: Any) -> str:
    """The date of a moment, or of its text."""
    return str(value)[:10]


def words(values: Sequence[Any]) -> list[Any]:
    """Words of text search vectors: one in most of them, one in some, one in few."""
    found = [set(_WORD.findall(str(value))) for value in values]
    return spread([word.replace("''", "'") for each in found for word in sorted(each)])


def above(chosen: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """The other ends of ranges that begin with ``chosen`` and hold few of the values."""
    ordered = sorted(values)
    step = max(1, round(len(ordered) * _RANGE))
    return [ordered[min(bisect_left(ordered, v) + step, len(ordered) - 1)] for v in chosen]


def parts(chosen: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """What a search for part of a value names: an element, or the key that tells most apart."""
    if all(isinstance(value, list) for value in values):
        return [value[:1] for value in chosen if value]
    kinds: dict[str, set[str]] = {}
    for value in values:
        for key, held in value.items() if isinstance(value, dict) else ():
            kinds.setdefault(key, set()).add(json.dumps(held, sort_keys=True))
    names = sorted(kinds, key=lambda key: (-len(kinds[key]), key))
    found = []
    for value in filter(None, chosen):
        key = next((k for k in names if k in value), "") if isinstance(value, dict) else ""
        found.append(json.dumps({key: value[key]} if key else value))
    return found
