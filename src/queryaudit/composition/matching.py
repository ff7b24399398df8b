"""Whether a text that ran is one that the source can make, and what filled its gaps."""

from __future__ import annotations

from queryaudit.composition.values import Text, Variant


def squeezed(text: str) -> str:
    """Without white space and case, in which a text may differ from its source."""
    return "".join(text.split()).casefold()


def filled(variant: Variant, text: str) -> list[str] | None:
    """What stands in each gap of ``squeezed`` text; None if it was not made this way. Linear."""
    found: list[str] = []
    position, waiting = 0, 0
    last = len(variant) - 1
    for index, part in enumerate(variant):
        if not isinstance(part, Text):
            waiting += 1
            continue
        piece = squeezed(part.text)
        if not piece:
            continue
        if waiting == 0:
            if not text.startswith(piece, position):
                return None
            start = position
        elif index == last:
            start = len(text) - len(piece)
            if start < position or not text.endswith(piece):
                return None
        else:
            start = text.find(piece, position)
            if start < 0:
                return None
        if waiting:
            # Gaps next to each other share what stands there.
            found += [text[position:start]] * waiting
        position, waiting = start + len(piece), 0
    if waiting:
        found += [text[position:]] * waiting
    elif position != len(text):
        return None
    return found
