"""The same work with and without an observer: what is compared with what."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from queryaudit.config import Config
    from queryaudit.runtime import Session

_ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def bare() -> Iterator[None]:
    """Django as it is."""
    yield


@contextmanager
def debug_cursor() -> Iterator[None]:
    """What ``DEBUG = True`` and ``assertNumQueries`` cost: the statements' texts only."""
    connection.force_debug_cursor = True
    try:
        yield
    finally:
        connection.force_debug_cursor = False
        # The log is bounded, but it is not part of what comes next.
        connection.queries_log = deque(maxlen=connection.queries_limit)


@contextmanager
def outside() -> Iterator[None]:
    """Our hooks are in, and no unit of work runs."""
    session = _session().open()
    try:
        yield
    finally:
        session.close()


@contextmanager
def capture() -> Iterator[None]:
    """Everything is written down, with call site and origin, and nobody listens."""
    with _capturing(None):
        yield


@contextmanager
def _capturing(trace: Path | None) -> Iterator[None]:
    from queryaudit.capture.scopes import entered
    from queryaudit.records.kinds import ScopeKind

    session = _session().open()
    if trace is not None:
        session.write_trace(trace)
    scope = session.recorder.start(ScopeKind.BLOCK, "benchmark")
    try:
        with entered(scope):
            yield
    finally:
        session.recorder.end(scope)
        session.close()


@contextmanager
def audit() -> Iterator[None]:
    """Capture, and every rule at work on what it writes down."""
    from queryaudit.blocks import Audit

    with Audit("benchmark", _config(), None):
        yield


def _config() -> Config:
    from queryaudit.blocks import project_config

    return project_config({"strict": "true"}, _ROOT)


def _session() -> Session:
    from queryaudit.runtime import Session

    return Session(_config())


@contextmanager
def traced() -> Iterator[None]:
    """Capture into a trace file, as a worker of pytest-xdist does."""
    with TemporaryDirectory() as folder, _capturing(Path(folder)):
        yield


VARIANTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "bare": bare,
    "debug": debug_cursor,
    "outside": outside,
    "capture": capture,
    "audit": audit,
    "traced": traced,
}
