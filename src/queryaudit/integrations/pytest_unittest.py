"""``setUp`` and ``tearDown`` of unittest-style tests.

pytest runs them as part of the test's call. They make rows as fixtures do, so they are phases of
their own here.
"""

from __future__ import annotations

import functools
import unittest
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from queryaudit.integrations.case_methods import does_nothing, surround
from queryaudit.records.kinds import Phase

Enter = Callable[[pytest.Item, Phase], AbstractContextManager[None]]


def apart(item: pytest.Item, enter: Enter, *, every: bool) -> None:
    """Let the item's ``setUp`` and ``tearDown``, if it has any, run in phases that ``enter``
    begins; with ``every`` the end of the call is told by a ``tearDown`` that does nothing, too.
    The test case object is thrown away after its test, so nothing needs to be undone."""
    case = getattr(item, "instance", None) or getattr(item, "_testcase", None)
    if not isinstance(case, unittest.TestCase):
        return
    for name, phase in (("setUp", Phase.SETUP), ("tearDown", Phase.TEARDOWN)):
        told = every and phase is Phase.TEARDOWN
        if told or not does_nothing(case, name):
            surround(case, name, functools.partial(enter, item, phase))
