"""Lineage before Django 6.1: a tag in the instance's ``_state``.

The tag pickles as False and copies as itself, so that a pickled instance or queryset can be read
by a process that does not have queryaudit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from queryaudit.capture.lineage import Lineage
from queryaudit.records.definitions import Step

_TAG = "_queryaudit"


class Tag:
    __slots__ = ("lineage",)

    def __init__(self, lineage: Lineage | None = None) -> None:
        self.lineage = lineage

    def __reduce__(self) -> Any:
        return bool, ()

    def __copy__(self) -> Tag:
        return self

    def __deepcopy__(self, memo: Any) -> Tag:
        return self


def lineage_of(instance: Any) -> Lineage | None:
    state = getattr(instance, "_state", None)
    tag = state.__dict__.get(_TAG) if state is not None else None
    return tag.lineage if isinstance(tag, Tag) else None


class _Starting(threading.local):
    """The lineage of the evaluation whose populators this thread is building."""

    lineage: Lineage | None = None


_starting = _Starting()


def adopt(iterable: Any, lineage: Lineage) -> None:
    """Give the rows that ``iterable`` is about to yield their lineage; its populators are built
    next."""
    tag = getattr(iterable, "_queryaudit_mark", None)
    if tag is not None:
        tag.lineage = lineage
        _starting.lineage = lineage


def mark_rows(iterable: Any, original: Any) -> Iterator[Any]:
    """Tag each instance that ``original`` yields."""
    tag = iterable._queryaudit_mark = Tag()
    return _tagging(original(iterable), tag)


mark_raw_rows = mark_rows


def _tagging(rows: Any, tag: Tag) -> Iterator[Any]:
    _starting.lineage = None
    for row in rows:
        row._state._queryaudit = tag
        yield row


def mark_joined(original: Any, populator: Any, step: Step, *arguments: Any) -> None:
    """Tag instances joined in by ``select_related`` as they are put in place."""
    parent = _starting.lineage
    if parent is None:
        original(populator, *arguments)
        return
    tag = Tag(parent.child(step))
    _starting.lineage = tag.lineage
    try:
        original(populator, *arguments)
    finally:
        _starting.lineage = parent
    set_local = populator.local_setter

    def local_setter(from_obj: Any, obj: Any) -> None:
        if obj is not None:
            obj._state._queryaudit = tag
        set_local(from_obj, obj)

    populator.local_setter = local_setter
