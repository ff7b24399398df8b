"""The base of the family's rules: texts that were put together, as they ran or as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.sql_text import wording
from queryaudit.records.definitions import Provenance
from queryaudit.records.events import Query
from queryaudit.records.findings import Evidence, Fix, Grade
from queryaudit.records.rules import Severity
from queryaudit.records.texts import Hole, HoleKind
from queryaudit.sql.normalise import normalise

#: How the parts are named that a URL pattern may have converted.
_CONVERTED = ("path[", "kwargs")


class TextFold:
    """Queries by statement, call site and the ignore that was active."""

    def __init__(self) -> None:
        self.calls: dict[tuple[int, int, int | None], list[int]] = {}

    def add(self, query: Query) -> None:
        key = (query.sql, query.stack, query.ignored)
        entry = self.calls.get(key)
        if entry is None:
            self.calls[key] = [1, query.duration_ns]
        else:
            entry[0] += 1
            entry[1] += query.duration_ns


class Runs(NamedTuple):
    """How often a text ran; nothing for one that was only read."""

    queries: int = 0
    duration_ns: int = 0
    ignored: int | None = None
    text: str = ""


class TextRule(Detector):
    """One rule of the family: says what of a text is its own."""

    fold = TextFold

    def judge(self, fold: TextFold, view: View) -> Iterable[Sighting]:
        for (sql, stack, ignored), (queries, duration_ns) in fold.calls.items():
            told = view.tables.provenances.get((sql, stack))
            if told is None or told.built.kind not in view.own:
                continue
            text = view.tables.sql[sql].text
            yield from self.of(told, Runs(queries, duration_ns, ignored, text))

    def read(self, told: Provenance) -> Iterable[Sighting]:
        return self.of(told)

    def of(self, told: Provenance, runs: Runs = Runs()) -> Iterable[Sighting]:  # noqa: B008
        """The rule's sightings of one text: none or one."""
        holes = self.holes(told)
        if not holes:
            return
        words = (told.built.path, told.built.function, told.words)
        yield Sighting(
            rule=self.code,
            group=("sql-text", *words),
            cause=(self.code, *words),
            severity=self.weight(told, holes),
            frame=told.built,
            access=told.call,
            owner=told.how,
            target=told.method,
            statement=normalise(runs.text or told.statement),
            queries=runs.queries,
            duration_ns=runs.duration_ns,
            note=self.note(told, holes),
            ignored=runs.ignored,
            frames=(told.built, told.call),
            variants=self.variants(runs),
        )

    def holes(self, told: Provenance) -> tuple[Hole, ...]:
        """The parts that the rule is about."""
        raise TypeError(f"{type(self).__name__} does not say which parts are its own")

    def weight(self, told: Provenance, holes: Sequence[Hole]) -> Severity:
        """What the request fills is an error; where that is certain, QA302 says so."""
        said = told.sql == 0 or any(is_users(hole, told) for hole in holes)
        return Severity.ERROR if from_request(holes) and not said else Severity.WARNING

    def note(self, told: Provenance, holes: Sequence[Hole]) -> str:
        return ", ".join(dict.fromkeys(hole.code for hole in holes))

    def variants(self, runs: Runs) -> frozenset[int]:
        return frozenset()

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        if any(sighting.queries for sighting in sightings):
            return None
        return Evidence(grade=Grade.OBSERVED, text="read in the source; it was not seen to run")

    def message(self, sightings: Sequence[Sighting]) -> str:
        return wording.message(sightings)

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return wording.fix(sightings)


def from_request(holes: Iterable[Hole]) -> bool:
    return any(hole.kind is HoleKind.REQUEST or hole.inputs for hole in holes)


def is_users(hole: Hole, told: Provenance) -> bool:
    """Whether a value of the request fills a part as it came: seen in it, or read so in the source.

    What a URL pattern took from the path may have been made a number: of texts that ran, the value
    has to be seen.
    """
    if hole.inputs:
        return True
    made = told.sql != 0 and hole.code.startswith(_CONVERTED)
    return hole.bad and hole.kind is HoleKind.REQUEST and not made


def digest(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
