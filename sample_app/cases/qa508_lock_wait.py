"""QA508: who waits for whom. Advisory locks stand for rows, which only the case itself can see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db import connection, transaction

OPTIONS = {"watch_locks": True}
LONG, SHORT = 1.6, 0.3


def _lock(key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _try(key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])


def _hold(key: int, held: threading.Event, seconds: float) -> None:
    with transaction.atomic():
        _lock(key)
        held.set()
        time.sleep(seconds)


def _wait(key: int) -> None:
    with transaction.atomic():
        _lock(key)


def _pass(key: int) -> None:
    with transaction.atomic():
        _try(key)


def _meet(second: Callable[[int], None], key: int, seconds: float = SHORT) -> None:
    """One thread holds key 1, and another one comes meanwhile."""
    held = threading.Event()
    first = threading.Thread(target=_closing(lambda: _hold(1, held, seconds)))
    first.start()
    held.wait(10)
    other = threading.Thread(target=_closing(lambda: second(key)))
    other.start()
    first.join()
    other.join()


def _closing(work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    return run


def bad() -> None:
    """The second one waits until the first one has slept."""
    _meet(_wait, 1, LONG)


def good() -> None:
    """The second one does not wait."""
    _meet(_pass, 1)


def good_other_lock() -> None:
    """They want different things."""
    _meet(_wait, 2)


def good_one_after_the_other() -> None:
    """The lock is free by the time it is wanted."""
    held = threading.Event()
    for work in (lambda: _hold(1, held, 0), lambda: _wait(1)):
        thread = threading.Thread(target=_closing(work))
        thread.start()
        thread.join()
