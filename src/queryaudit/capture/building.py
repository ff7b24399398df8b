"""Remembers where a queryset was started, which is where a fix belongs.

A queryset is often built in one place and evaluated in another (a template, a serializer). The
place rides along on the query object, which every clone copies; it pickles as False.
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

from django.db.models.manager import BaseManager

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.events import FrameKind

#: Frames between a manager and whoever asks it for a queryset, at most.
REACH = 6

_getframe = sys._getframe
#: The module of a frame that need not be made for it; since Python 3.12.
_module = getattr(sys, "_getframemodulename", None)
_MANAGER = BaseManager.__module__
_LIBRARY = FrameKind.LIBRARY


class Built:
    __slots__ = ("code", "lasti")

    def __init__(self, code: CodeType, lasti: int) -> None:
        self.code = code
        self.lasti = lasti

    def __reduce__(self) -> Any:
        return bool, ()

    def __copy__(self) -> Built:
        return self

    def __deepcopy__(self, memo: Any) -> Built:
        return self


def install(patches: Patches, files: CodeFiles) -> None:
    original = BaseManager.get_queryset

    def get_queryset(self: Any) -> Any:
        queryset: Any = original(self)
        # Class bodies build their querysets at import, so this runs outside scopes too.
        scope = CURRENT.get()
        if scope is not None and not scope.judged:
            return queryset
        try:
            frame = built_at(files)
            if frame is not None:
                queryset._query._queryaudit_built = Built(frame.f_code, frame.f_lasti)
        except Exception as ours:  # noqa: BLE001 - the first wall
            if scope is not None:
                scope.recorder.failed("building", ours)
        return queryset

    patches.replace(BaseManager, "get_queryset", get_queryset)


def built_at(files: CodeFiles) -> FrameType | None:
    """The project's frame that asks a manager for a queryset, if it is near.

    To be called by ``get_queryset``, which a method of the manager calls most of the time.
    """
    known = files.known
    depth = 3 if _module is not None and _module(2) == _MANAGER else 2
    try:
        for outer in range(depth, depth + REACH):
            frame = _getframe(outer)
            name = frame.f_code.co_filename
            file = known.get(name) or files(name)
            if file.kind is not _LIBRARY:
                return frame
    except ValueError:  # the stack ends here
        pass
    return None
