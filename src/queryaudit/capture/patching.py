"""Replacing attributes of other people's classes, reversibly and by identity."""

from __future__ import annotations

from types import FunctionType
from typing import Any

_MISSING = object()


class Patches:
    """A set of replaced attributes. ``undo`` leaves alone what somebody replaced since."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any, Any]] = []

    def replace(self, owner: Any, name: str, new: Any) -> None:
        old = vars(owner).get(name, _MISSING)
        if isinstance(old, FunctionType) and isinstance(new, FunctionType):
            # A library that has wrapped the function before takes its wrapper out again through
            # the ``__wrapped__`` that it left there: what it finds must be what it has put in.
            vars(new).update(vars(old))
        new.__queryaudit_original__ = old
        setattr(owner, name, new)
        self._done.append((owner, name, old, new))

    def define(self, owner: Any, name: str, value: object) -> None:
        """Give ``owner`` an attribute that it does not have."""
        setattr(owner, name, value)
        self._done.append((owner, name, _MISSING, value))

    def undo(self) -> None:
        while self._done:
            owner, name, old, new = self._done.pop()
            if vars(owner).get(name) is not new:
                continue
            if old is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, old)
