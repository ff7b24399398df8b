"""Which of many crossings to tell: the fewest places with which all of them would be gone.

A project of a hundred transactions has thousands of pairs that lock the same tables in opposite
orders. Most go back to a few places that lock late what everybody else locks first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from queryaudit.locking.graph import ANY, Chain, Crossing, Point
from queryaudit.sql.locks import RowLockMode

#: Where something is locked: path, function and table.
_Site = tuple[str, str, str]


class Told(NamedTuple):
    """A crossing that stands for others of its place, and the transactions in their way."""

    crossing: Crossing
    others: tuple[str, ...]
    likely: bool  #: the rows may well be the same


def told(found: Iterable[Crossing]) -> list[Told]:
    """The place in the way of most others first; the same whatever order they come in.

    What is likely comes first; of the rest, what does not go back to the same places.
    """
    rest = sorted(found, key=_words)
    likely = [crossing for crossing in rest if _is_likely(crossing)]
    telling = _cover(likely, likely=True)
    known = {_site(one.crossing) for one in telling}
    rest = [c for c in rest if not known.intersection((_site(c), _site(_turned(c))))]
    return telling + _cover(rest, likely=False)


def _cover(found: Iterable[Crossing], *, likely: bool) -> list[Told]:
    sides: dict[_Site, dict[_Site, list[Crossing]]] = {}
    for crossing in found:
        for side in (crossing, _turned(crossing)):
            sides.setdefault(_site(side), {}).setdefault(_site(_turned(side)), []).append(side)
    telling: list[Told] = []
    while sides:
        worst = min(sides, key=lambda site: (-len(sides[site]), site))
        against = sides.pop(worst)
        for other in against:
            if other in sides:
                sides[other].pop(worst, None)
        sides = {site: left for site, left in sides.items() if left}
        mine = [side for other in sorted(against) for side in against[other]]
        names = tuple(dict.fromkeys(side.other.name for side in mine))
        telling.append(Told(mine[0], names, likely))
    return telling


def _is_likely(crossing: Crossing) -> bool:
    """Whether the rows may well be the same, and somebody chose their order.

    Rows that a condition finds or a cascade takes along meet those of others by chance only.
    """
    for chain, points in (
        (crossing.one, (crossing.held, crossing.wanted)),
        (crossing.other, (crossing.other_held, crossing.other_wanted)),
    ):
        tables = {point.lock.table for point in points}
        if not all(_is_meant(chain, point, tables) for point in points):
            return False
    return True


def _is_meant(chain: Chain, point: Point, tables: set[str]) -> bool:
    if not isinstance(point.lock.mode, RowLockMode) or point.step >= len(chain.steps):
        return True
    named = chain.steps[point.step].named
    return named == ANY or named in tables


def _turned(crossing: Crossing) -> Crossing:
    one, other, held, wanted, other_held, other_wanted = crossing
    return Crossing(other, one, other_held, other_wanted, held, wanted)


def _site(crossing: Crossing) -> _Site:
    wanted = crossing.wanted
    return wanted.frame.path, wanted.frame.function, wanted.lock.table


def _words(crossing: Crossing) -> tuple[object, ...]:
    chains = ((chain.begin.path, chain.name) for chain in (crossing.one, crossing.other))
    wanted = (crossing.wanted, crossing.other_wanted)
    return (*chains, *((point.frame[1:4], point.statement, point.step) for point in wanted))
