"""Remembers where a queryset was started, which is where a fix belongs.

A queryset is often built in one place and evaluated in another (a template, a serializer). The
place rides along on the query object, which every clone copies; it pickles as False.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

from django.db.models.manager import BaseManager

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.capture.sites import built_at


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
        try:
            frame = built_at(1, files)
            if frame is not None:
                queryset._query._queryaudit_built = Built(frame.f_code, frame.f_lasti)
        except Exception as ours:  # noqa: BLE001 - the first wall
            scope = CURRENT.get()
            if scope is not None:
                scope.recorder.failed("building", ours)
        return queryset

    patches.replace(BaseManager, "get_queryset", get_queryset)
