"""Who awaits a thread: the frames that asked for what it will do."""

from __future__ import annotations

from types import CodeType, FrameType

from queryaudit.capture.codefiles import CodeFiles, Mark
from queryaudit.capture.scopes import AWAITING, Ancestor
from queryaudit.capture.seen import MAX_FRAMES
from queryaudit.records.kinds import FrameKind

#: Frames looked through for those that await a thread.
MAX_HOPS = 40


def awaiting_frames(
    frame: FrameType | None, files: CodeFiles, base: tuple[CodeType, int] | None = None
) -> tuple[Ancestor, ...]:
    """The project's frames from ``frame`` outwards, up to the unit of work's ``base`` at most, for
    a thread that will run on their behalf."""
    found: list[Ancestor] = []
    depth = 0
    while frame is not None and depth < MAX_HOPS and len(found) < MAX_FRAMES:
        code = frame.f_code
        file = files(code.co_filename)
        mark = file.marks.get(code.co_name) if file.marks is not None else None
        if mark is Mark.BASE:
            break
        if mark is Mark.HANDED or (mark is Mark.TASK and AWAITING.get()):
            # Further out stands whoever runs the loop, for all tasks alike.
            return (*found, *AWAITING.get())[:MAX_FRAMES]
        if file.kind is not FrameKind.LIBRARY:
            found.append((code, frame.f_lasti))
        if base is not None and code is base[0]:
            return tuple(found)
        depth += 1
        frame = frame.f_back
    return tuple(found) or AWAITING.get()
