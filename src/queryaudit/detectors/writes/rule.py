"""The base of the family's rules about loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.writes import advising
from queryaudit.detectors.writes.calls import Call, CallFold, Ran
from queryaudit.detectors.writes.judgement import judge
from queryaudit.records.findings import Fix


class LoopFold(CallFold):
    """The shared fold, judged once for all rules."""

    def __init__(self) -> None:
        super().__init__()
        self.sightings: dict[str, list[Sighting]] | None = None


class LoopRule(Detector):
    """One rule about writes in loops: says which are its own."""

    fold = LoopFold
    #: Rules are asked in this order; lower first.
    order: ClassVar[int]
    family: ClassVar[list[type[LoopRule]]] = []

    def __init_subclass__(cls) -> None:
        LoopRule.family.append(cls)

    def claims(self, call: Call, written: Ran) -> bool:
        raise TypeError(f"{type(self).__name__} does not say which writes are its own")

    def judge(self, fold: LoopFold, view: View) -> Iterable[Sighting]:
        if fold.sightings is None:
            fold.sightings = judge(fold, _in_order(tuple(LoopRule.family)), view)
        return fold.sightings.get(self.code, ())

    def message(self, sightings: Sequence[Sighting]) -> str:
        return advising.message(sightings)

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return advising.fix(sightings)


@lru_cache(maxsize=1)
def _in_order(family: tuple[type[LoopRule], ...]) -> tuple[LoopRule, ...]:
    return tuple(cls() for cls in sorted(family, key=lambda cls: cls.order))
