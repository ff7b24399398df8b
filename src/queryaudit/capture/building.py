"""Remembers where a queryset was started, which is where a fix belongs.

A queryset is often built in one place and evaluated in another (a template, a serializer). The
place rides along on the query object, which every clone copies; it pickles as False.

A manager's own methods serve everybody: what one of their users needs belongs to that user.
"""

from __future__ import annotations

import sys
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType
from typing import Any

from django.db.models.manager import BaseManager

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.kinds import FrameKind

#: Frames between a manager and whoever asks it for a queryset, at most.
REACH = 6

_getframe = sys._getframe
_LIBRARY = FrameKind.LIBRARY


#: The classes of managers that are remembered; most projects have some hundred.
_CLASSES = 4096

#: Functions of a manager's class that are project code, by name.
_Methods = dict[str, tuple[CodeType, ...]]


class Built(tuple[CodeType, int]):
    """The code and the instruction of the project's frame that asked a manager."""

    #: The same of the manager's own method in between, if there was one.
    inner: Built | None = None

    def __reduce__(self) -> Any:
        return bool, ()

    def __copy__(self) -> Built:
        return self

    def __deepcopy__(self, memo: Any) -> Built:
        return self


def install(patches: Patches, files: CodeFiles) -> None:
    original = BaseManager.get_queryset
    known, current, new = files.known, CURRENT.get, tuple.__new__
    methods: dict[type, _Methods] = {}
    methods_of = methods.get

    def get_queryset(self: Any) -> Any:
        queryset: Any = original(self)
        scope = current()
        try:
            if scope is not None and not scope.judged:
                return queryset
            # Most of the time one of the manager's methods is called by the project itself.
            frame = _getframe(2)
            code = frame.f_code
            file = known.get(code.co_filename)
            own = methods_of(type(self))
            if own is None:
                if len(methods) >= _CLASSES:
                    methods.clear()
                own = methods[type(self)] = _methods(type(self), files)
            inner: FrameType | None = None
            if file is None or file.kind is _LIBRARY or own:
                found, inner = built_at(files, own)
                if found is None:
                    return queryset
                frame, code = found, found.f_code
            # Class bodies build their querysets at import, which is outside of every unit of
            # work. What a function builds there it evaluates there too.
            if scope is not None or not code.co_flags & CO_OPTIMIZED:
                built = queryset._query._queryaudit_built = new(Built, (code, frame.f_lasti))
                if inner is not None:
                    built.inner = new(Built, (inner.f_code, inner.f_lasti))
        except ValueError:  # the stack ends here
            pass
        except Exception as ours:  # noqa: BLE001 - the first wall
            if scope is not None:
                scope.recorder.failed("building", ours)
        return queryset

    patches.replace(BaseManager, "get_queryset", get_queryset)


def built_at(files: CodeFiles, own: _Methods) -> tuple[FrameType | None, FrameType | None]:
    """The project's frame that asks a manager for a queryset, if it is near, and the manager's own
    method that it called for it; to be called by ``get_queryset``.

    ``own``: the methods of the manager's class.
    """
    known = files.known
    method: FrameType | None = None
    try:
        for outer in range(2, 2 + REACH):
            frame = _getframe(outer)
            code = frame.f_code
            name = code.co_filename
            file = known.get(name) or files(name)
            if file.kind is _LIBRARY:
                continue
            if not own or code not in own.get(code.co_name, ()):
                return frame, method
            method = frame
    except ValueError:  # the stack ends here
        pass
    if method is not None and method.f_code.co_name == "get_queryset":
        return None, None  # Django asked it for somebody else, who is not on the stack
    return method, None


def _methods(manager: type, files: CodeFiles) -> _Methods:
    found: _Methods = {}
    for base in manager.__mro__:
        for name, value in vars(base).items():
            code = getattr(value, "__code__", None)
            if isinstance(code, CodeType) and files(code.co_filename).kind is not _LIBRARY:
                found[name] = (*found.get(name, ()), code)
    return found
