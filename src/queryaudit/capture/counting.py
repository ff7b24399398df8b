"""Tells querysets of which only the number is asked, or whether there are rows, from all others.

Evaluation by ``len()`` or for a truth value is written down, and again, as something else, once
rows are gone through or picked. A mark on the queryset is all that is kept; it goes with the use.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

from django.db.models.query import QuerySet

from queryaudit.capture.scopes import CURRENT
from queryaudit.records.counted import Counted
from queryaudit.records.events import Query

MARK = "_queryaudit_counted"
#: Who asks for no row.
ASKING = frozenset({QuerySet.__len__.__code__, QuerySet.__bool__.__code__})


def asked(queryset: Any, query: Query, rows: int) -> None:
    """``rows`` of a queryset were loaded by ``len()`` or for its truth."""
    event = Counted(query.scope, query.sql, query.stack, query.access, query.ignored, rows, False)
    if _note(event):
        queryset.__dict__[MARK] = event


def asked_again(queryset: Any, asking: CodeType | None) -> None:
    """A queryset that has the mark is asked for something; ``asking``: by which function."""
    if asking in ASKING:
        return
    event = queryset.__dict__.pop(MARK, None)
    scope = CURRENT.get()
    if event is not None and scope is not None:
        _note(event._replace(scope=scope.id, used=True))


def getting(original: Any) -> Any:
    """A row or some of them are picked: of rows that are there nobody else is told."""

    def __getitem__(self: Any, k: Any) -> Any:
        if MARK in self.__dict__:
            asked_again(self, None)
        return original(self, k)

    return __getitem__


def _note(event: Counted) -> bool:
    scope = CURRENT.get()
    if scope is None or not scope.judged or scope.ended:
        return False
    try:
        scope.recorder.note(event)
    except Exception as ours:  # noqa: BLE001 - the first wall
        scope.recorder.failed("counted", ours)
        return False
    return True
