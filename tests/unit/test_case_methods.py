"""Methods of test cases in units of work, and the test case afterwards."""

from __future__ import annotations

import asyncio
import gc
import unittest
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from queryaudit.integrations.case_methods import does_nothing, surround


class Base(unittest.TestCase):
    def setUp(self) -> None:
        self.rows = ["a row"]


class Plain(Base):
    __test__ = False

    def test_it(self) -> str:
        return self.rows[0]

    async def test_awaited(self) -> str:
        return self.rows[0]

    @staticmethod
    def test_static() -> str:
        return "static"

    @classmethod
    def test_class(cls) -> str:
        return cls.__name__

    def test_raises(self) -> None:
        raise ValueError


@pytest.fixture
def told() -> list[str]:
    return []


def enter(told: list[str]) -> Any:
    @contextmanager
    def entered() -> Iterator[None]:
        told.append("begins")
        try:
            yield
        finally:
            told.append("ends")

    return entered


@pytest.mark.parametrize(
    ("name", "answer"),
    [("test_it", "a row"), ("test_static", "static"), ("test_class", "Plain")],
)
def test_a_method_runs_in_what_is_entered(name: str, answer: str, told: list[str]) -> None:
    case = Plain(name)
    case.setUp()
    surround(case, name, enter(told))
    assert getattr(case, name)() == answer
    assert told == ["begins", "ends"]
    assert getattr(case, name).__name__ == name


def test_a_coroutine_function_remains_one(told: list[str]) -> None:
    case = Plain("test_awaited")
    case.setUp()
    surround(case, "test_awaited", enter(told))
    assert asyncio.iscoroutinefunction(case.test_awaited)
    assert asyncio.run(case.test_awaited()) == "a row"
    assert told == ["begins", "ends"]


def test_what_a_test_raises_is_raised(told: list[str]) -> None:
    case = Plain("test_raises")
    surround(case, "test_raises", enter(told))
    with pytest.raises(ValueError, match=""):
        case.test_raises()
    assert told == ["begins", "ends"]


def test_a_method_of_the_object_itself_is_the_one_that_runs(told: list[str]) -> None:
    case = Plain("test_it")
    vars(case)["setUp"] = lambda: told.append("its own")
    assert not does_nothing(case, "setUp")
    surround(case, "setUp", enter(told))
    case.setUp()
    assert told == ["begins", "its own", "ends"]


def test_only_what_somebody_wrote_does_something() -> None:
    case = Plain("test_it")
    assert not does_nothing(case, "setUp")
    assert does_nothing(case, "tearDown")


def test_a_case_goes_as_soon_as_nobody_needs_it(told: list[str]) -> None:
    gc.disable()
    try:
        case = Plain("test_it")
        for name in ("setUp", "test_it", "tearDown"):
            surround(case, name, enter(told))
        case.run(unittest.TestResult())
        assert told == ["begins", "ends"] * 3
        gone = weakref.ref(case)
        del case
        assert gone() is None
    finally:
        gc.enable()
