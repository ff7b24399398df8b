"""Test cases of unittest whose parts are units of work."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from queryaudit.capture.recorder import Recorder
from queryaudit.integrations.phases import in_phase
from queryaudit.records.kinds import Phase

Enter = Callable[[], AbstractContextManager[None]]


def audited(tests: Iterable[Any], recorder: Recorder) -> None:
    """Let each test of a suite run in units of work. Test cases are thrown away after their test,
    so nothing needs to be undone."""
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            audited(test, recorder)
        elif isinstance(test, unittest.TestCase):
            _audit(test, recorder)


def _audit(case: unittest.TestCase, recorder: Recorder) -> None:
    name = case._testMethodName
    # A module that could not be imported is a case without its method.
    if not callable(getattr(type(case), name, None)):
        return
    test = getattr(case, name)
    phases = (("setUp", Phase.SETUP), (name, Phase.CALL), ("tearDown", Phase.TEARDOWN))
    for method, phase in phases:
        function = test if phase is Phase.CALL else None
        enter = functools.partial(in_phase, recorder, case.id(), phase, function)
        setattr(case, method, _within(getattr(case, method), enter))


def _within(method: Callable[..., Any], enter: Enter) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):  # the case looks at that itself

        @functools.wraps(method)
        async def awaited(*args: Any) -> Any:
            with enter():
                return await method(*args)

        return awaited

    @functools.wraps(method)
    def within(*args: Any) -> Any:
        with enter():
            return method(*args)

    return within
