"""What a function or template is called in a sentence."""

from __future__ import annotations

from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind


def named(frame: Frame) -> str:
    if frame.kind is FrameKind.TEMPLATE or not frame.function:
        return f"{frame.path.rpartition('/')[2]}"
    if "<module>" in frame.function:
        return f"{frame.path}"
    return f"{frame.function}()"
