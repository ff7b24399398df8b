"""The phases of a test as units of work, for every test runner."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from contextlib import contextmanager
from types import CodeType
from typing import Any

from queryaudit.capture.recorder import Recorder
from queryaudit.capture.scopes import AWAITING, entered
from queryaudit.records.kinds import Phase, ScopeKind


@contextmanager
def in_phase(
    recorder: Recorder, name: str, phase: Phase, function: Any = None
) -> Generator[None, None, None]:
    """A phase of the test ``name``; ``function`` is where the test begins, if that is known."""
    code = _code(function)
    base = (code, 0) if code is not None else None
    outer = recorder.phase
    if phase is Phase.TEARDOWN and outer is not None and recorder.sampler is not None:
        recorder.sampler.ending(outer)  # what tearDown and the rollback behind it leave is too late
    scope = recorder.start(ScopeKind.TEST, name, phase=phase, base=base)
    recorder.phase = scope
    # asgiref hands the context of a loop's thread back to the test that waited for it.
    awaiting = AWAITING.set(())
    try:
        with entered(scope):
            yield
    finally:
        try:
            AWAITING.reset(awaiting)
        except ValueError:  # the runner ends the phase in another context
            AWAITING.set(())
        recorder.end(scope)
        if outer is not None and not outer.ended:
            recorder.phase = outer


def _code(function: Any) -> CodeType | None:
    """The code of a test function, below decorators."""
    if function is None:
        return None
    function = inspect.unwrap(function)
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None
