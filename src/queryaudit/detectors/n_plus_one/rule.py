"""The base of the family's rules: what they share besides the question which reads are theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.n_plus_one import advising, wording
from queryaudit.detectors.n_plus_one.judgement import judge
from queryaudit.detectors.n_plus_one.loads import Load, LoadFold
from queryaudit.records.findings import Fix
from queryaudit.records.kinds import AccessKind


class FamilyFold(LoadFold):
    """The shared fold, judged once for all rules of the family."""

    def __init__(self) -> None:
        super().__init__()
        self.sightings: dict[str, list[Sighting]] | None = None


class LoadRule(Detector):
    """One rule of the family: says which reads are its own."""

    fold = FamilyFold
    #: Rules are asked in this order; lower first.
    order: ClassVar[int]
    #: The relations that are the rule's own where they are read row by row. A rule about other
    #: reads says so in ``claims``.
    kinds: ClassVar[frozenset[AccessKind]] = frozenset()
    #: All rules of the family, as they were defined.
    family: ClassVar[list[type[LoadRule]]] = []

    def __init_subclass__(cls) -> None:
        if not cls.kinds and cls.claims is LoadRule.claims:
            raise TypeError(f"{cls.__name__} does not say which reads are its own")
        LoadRule.family.append(cls)

    def claims(self, load: Load, view: View) -> bool:
        return (
            load.access is not None
            and load.lazy
            and not load.eager
            and load.rows >= view.threshold
            and load.access.path[-1].kind in self.kinds
        )

    def judge(self, fold: FamilyFold, view: View) -> Iterable[Sighting]:
        if fold.sightings is None:
            loads = () if fold.is_quiet(view) else fold.loads(view)
            fold.sightings = judge(loads, _in_order(), view)
        return fold.sightings.get(self.code, ())

    def message(self, sightings: Sequence[Sighting]) -> str:
        return wording.message(sightings)

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return advising.fix(sightings)


def _in_order() -> tuple[LoadRule, ...]:
    return _made(tuple(LoadRule.family))


@lru_cache(maxsize=1)
def _made(family: tuple[type[LoadRule], ...]) -> tuple[LoadRule, ...]:
    """One instance of each rule for all scopes; rules keep no state."""
    return tuple(cls() for cls in sorted(family, key=lambda cls: cls.order))
