"""Test cases of unittest whose parts are units of work."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Iterable
from typing import Any

from queryaudit.capture.recorder import Recorder
from queryaudit.integrations.case_methods import does_nothing, surround
from queryaudit.integrations.phases import in_phase
from queryaudit.records.kinds import Phase


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
    test = getattr(type(case), name, None)
    if not callable(test):
        return
    phases = (("setUp", Phase.SETUP), (name, Phase.CALL), ("tearDown", Phase.TEARDOWN))
    told = recorder.sampler is not None  # the end of the test is looked at then
    for method, phase in phases:
        if does_nothing(case, method) and not (told and phase is Phase.TEARDOWN):
            continue
        function = test if phase is Phase.CALL else None
        enter = functools.partial(in_phase, recorder, case.id(), phase, function)
        surround(case, method, enter)
