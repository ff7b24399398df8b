"""Which of the ways in which the source can make a text is the one by which it came about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import CodeType

from queryaudit.capture.inputs import Input
from queryaudit.composition.reading import Composition
from queryaudit.composition.values import HARMLESS
from queryaudit.records.texts import HoleKind, Spot

_VARYING = HARMLESS - {HoleKind.NUMBER}

#: A composition, and what stands in each of its gaps.
Found = tuple[Composition, list[str]]


def stands_in(one: Composition, codes: Iterable[CodeType]) -> bool:
    """Whether the function that hands the text over is running."""
    path, function = one.module.path, one.module.qualified(one.sink.call).rpartition(".")[2]
    return any(
        code.co_name == function and code.co_filename.replace("\\", "/").endswith(path)
        for code in codes
    )


def certainty(found: Found) -> tuple[int, int, int]:
    """Of several ways to make a text the one with the most known text, and then the mildest."""
    one, gaps = found
    return -sum(map(len, gaps)), -len(one.bad), -len(one.holes)


def varies(one: Composition) -> bool:
    return any(
        hole.kind not in _VARYING and hole.spot in (Spot.LITERAL, Spot.VALUE) for hole in one.holes
    )


def labels_in(inputs: Sequence[Input], content: str) -> tuple[str, ...]:
    """The parameters whose value stands in what filled a gap."""
    found = []
    for label, value in inputs:
        if (
            value == content
            or (len(value) > 4 and value in content)
            or f"'{value}'" in content
            or (content and len(content) > 4 and content in value and "path" not in label)
        ):
            found.append(label)
    # What a framework has parsed is the body's.
    parsed = {f"body{label[4:]}" for label in found if label.startswith("data[")}
    return tuple(dict.fromkeys(label for label in found if label not in parsed))
