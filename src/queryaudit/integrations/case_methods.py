"""Methods of a test case as units of work."""

from __future__ import annotations

import functools
import inspect
import unittest
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

Enter = Callable[[], AbstractContextManager[None]]


def does_nothing(case: unittest.TestCase, name: str) -> bool:
    """Whether ``setUp`` or ``tearDown`` is that of unittest itself."""
    inherited = getattr(type(case), name) is getattr(unittest.TestCase, name, None)
    return inherited and name not in vars(case)


def surround(case: unittest.TestCase, name: str, enter: Enter) -> None:
    """Let a method of ``case`` run in what ``enter`` begins.

    What is put in its place does not refer to the case: whoever runs it throws it away after its
    test, and it would stay until garbage is collected, with all that it holds.
    """
    method = getattr(case, name)
    stored = inspect.getattr_static(type(case), name, None)
    if name in vars(case) or not hasattr(stored, "__get__"):
        function, find = method, lambda: method
    else:
        reference, descriptor = weakref.ref(case), stored
        function, find = stored, lambda: descriptor.__get__(reference(), type(reference()))
    vars(case)[name] = _within(method, function, find, enter)


def _within(method: Any, function: Any, find: Callable[[], Any], enter: Enter) -> Any:
    if inspect.iscoroutinefunction(method):  # the case looks at that itself

        @functools.wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            with enter():
                return await find()(*arguments, **named)

        return awaited

    @functools.wraps(function)
    def within(*arguments: Any, **named: Any) -> Any:
        with enter():
            return find()(*arguments, **named)

    return within
