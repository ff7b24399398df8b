"""Whether a text that ran is one that the source can make, and what filled its gaps."""

from __future__ import annotations

from queryaudit.composition.values import Text, Variant


def squeezed(text: str) -> str:
    """Without white space and case, in which a text may differ from its source."""
    return "".join(text.split()).casefold()


def filled(variant: Variant, text: str) -> list[str] | None:
    """What stands in each gap of ``squeezed`` text; None if it was not made this way. Linear."""
    first, *gaps = _between_gaps(variant)
    if not gaps:
        return [] if text == first else None
    if not text.startswith(first):
        return None
    found: list[str] = []
    position, waiting = len(first), 0
    for index, piece in enumerate(gaps):
        waiting += 1
        last = index == len(gaps) - 1
        if not piece and not last:
            continue
        start = len(text) - len(piece) if last else text.find(piece, position)
        if start < position or not text.startswith(piece, start):
            return None
        # Gaps next to each other share what stands there.
        found += [text[position:start]] * waiting
        position, waiting = start + len(piece), 0
    return found


def _between_gaps(variant: Variant) -> list[str]:
    """The squeezed texts before, between and after the gaps: one more than there are gaps."""
    pieces = [""]
    for part in variant:
        if isinstance(part, Text):
            pieces[-1] += squeezed(part.text)
        else:
            pieces.append("")
    return pieces
