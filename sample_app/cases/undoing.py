"""For cases that write: they leave the shop as it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.db import transaction

T = TypeVar("T")


def undone(case: Callable[[], T]) -> Callable[[], T]:
    """What the case writes is rolled back when it has ended."""

    @wraps(case)
    def run() -> T:
        with transaction.atomic():
            result = case()
            transaction.set_rollback(True)
        return result

    return run
