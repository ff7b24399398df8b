"""Django's test runner, writing each test's outcome as a line of JSON.

With ``REALWORLD_QUERYAUDIT=1`` each test runs in a queryaudit scope of its own.
"""

# ruff: noqa: N802 (the names are unittest's)

from __future__ import annotations

import contextlib
import json
import os
import re
import unittest
from collections.abc import Callable
from typing import Any

from django.test.runner import DiscoverRunner

#: A subtest's name may show an object, which lies elsewhere in each run.
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class RecordingResult(unittest.TextTestResult):
    """Sees the events of parallel workers too: Django replays them here."""

    def _write(self, test: unittest.TestCase, outcome: str) -> None:
        with open(os.environ["REALWORLD_RESULTS"], "a", encoding="utf-8") as results:
            name = ADDRESS.sub("", test.id())
            results.write(json.dumps({"test": name, "outcome": outcome}) + "\n")

    def addSuccess(self, test: Any) -> None:
        self._write(test, "passed")
        super().addSuccess(test)

    def addFailure(self, test: Any, err: Any) -> None:
        self._write(test, "failure")
        super().addFailure(test, err)

    def addError(self, test: Any, err: Any) -> None:
        self._write(test, "error")
        super().addError(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        self._write(test, "skipped")
        super().addSkip(test, reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._write(test, "expected failure")
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._write(test, "unexpected success")
        super().addUnexpectedSuccess(test)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._write(subtest, "failure" if issubclass(err[0], AssertionError) else "error")
        super().addSubTest(test, subtest, err)


class Runner(DiscoverRunner):
    def get_resultclass(self) -> type[unittest.TextTestResult]:
        return RecordingResult

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        if os.environ.get("REALWORLD_QUERYAUDIT") != "1":
            return super().run_suite(suite, **kwargs)
        from realworld_capture import Capture

        capture = Capture()
        _wrap_every_test(capture.scope)
        try:
            return super().run_suite(suite, **kwargs)
        finally:
            capture.save()


def _wrap_every_test(open_scope: Callable[[str], contextlib.AbstractContextManager[None]]) -> None:
    """Around ``setUp``, the test and ``tearDown``; workers are forked and inherit it."""
    original = unittest.TestCase.run

    def run(self: unittest.TestCase, result: Any = None) -> Any:
        with open_scope(self.id()):
            return original(self, result)

    unittest.TestCase.run = run  # type: ignore[method-assign]
