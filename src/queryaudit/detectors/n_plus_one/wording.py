"""What is said of a root cause: whose rows, what of them, how often."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.detectors.base import Sighting
from queryaudit.detectors.n_plus_one.loads import COLLECTIONS
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind

#: A loop that stands in no source of the project is told in words.
_WORDS = "for each "


def message(sightings: Sequence[Sighting]) -> str:
    """One sentence for the sightings of one root cause."""
    head = sightings[0]
    queries = sum(s.queries for s in sightings)
    if not head.path:
        return _hand_written(head, queries)
    if head.rule == "QA108":
        tree = (head.owner or head.model or "").rpartition(".")[2]
        return (
            f"A tree of {tree} rows is walked over {_access(head)} "
            f"with a query for each node: {_counted(queries)}."
        )
    accesses: dict[str, dict[str, None]] = {}
    for sighting in sightings:
        accesses.setdefault(_asking(sighting), {})[_access(sighting)] = None
    said = [
        _loaded([*names], rows, again=n > 0) for n, (rows, names) in enumerate(accesses.items())
    ]
    return f"{_listed(said)}: {_counted(queries)}."


def _asking(sighting: Sighting) -> str:
    """The model of the rows that each ask once: behind a collection, those that are in it."""
    collected = any(step.kind in COLLECTIONS for step in sighting.path[:-1])
    label = (sighting.owner if collected else None) or sighting.model or ""
    return label.rpartition(".")[2]


def _loaded(accesses: Sequence[str], rows: str, *, again: bool) -> str:
    verb = "" if again else " is loaded" if len(accesses) == 1 else " are loaded"
    return f"{_listed(accesses)}{verb} once per {rows} row"


def _hand_written(head: Sighting, queries: int) -> str:
    where = f" in {_function(head.frame)}" if head.frame.function else ""
    if head.rule == "QA108":
        return f"A recursive function{where} runs a query at each level: {_counted(queries)}."
    kind = "An aggregate" if head.rule == "QA104" else "A query"
    loop = head.loop[2] if head.loop is not None else ""
    rounds = f" per round of `{loop}`" if loop else " per round"
    rounds = f" {loop}" if loop.startswith(_WORDS) else rounds
    return f"{kind}{where} runs once{rounds}: {_counted(queries)}."


def _counted(queries: int) -> str:
    return f"{queries} {'query' if queries == 1 else 'queries'}"


def _function(frame: Frame) -> str:
    if frame.kind is FrameKind.TEMPLATE:
        return frame.path.rpartition("/")[2]
    if frame.kind is FrameKind.SERIALIZER:
        return frame.function
    return f"{frame.function}()"


def _access(sighting: Sighting) -> str:
    names = ".".join(step.name for step in sighting.path)
    if sighting.path[-1].kind in COLLECTIONS:
        if sighting.method is None and sighting.narrowed:
            return f"{names}.filter(...)"  # or ordered
        names += "[...]" if sighting.method == "getitem" else f".{sighting.method or 'all'}()"
    return names


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
