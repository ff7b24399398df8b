"""Columns that rows read while they are made: in ``__init__()``, or by a receiver of ``post_init``.

A row does not know yet which queryset it comes from. Where it is made the stack tells, as it goes
on with that of the queryset.
"""

from __future__ import annotations

from queryaudit.detectors.base import View
from queryaudit.records.definitions import Access, Frame, Origin, Stack
from queryaudit.records.kinds import AccessKind


def made_by(access: Access, stack: Stack, view: View) -> Origin | None:
    """The queryset whose rows ask for a column that it has left out; None for any other read."""
    if access.origin is not None or len(access.path) != 1:
        return None
    if access.path[0].kind is not AccessKind.DEFERRED:
        return None
    places = [_place(frame) for frame in stack.frames]
    origins = [origin for origin in view.tables.origins.values() if origin.model == access.owner]
    for index in range(1, len(places)):
        for origin in origins:
            frames = view.tables.stacks[origin.stack].frames
            # Both end where the most frames that are kept were reached.
            around = [_place(frame) for frame in frames[: len(places) - index]]
            if around and around == places[index : index + len(around)]:
                return origin
    return None


def _place(frame: Frame) -> tuple[str, int, str]:
    return frame.path, frame.line, frame.function
