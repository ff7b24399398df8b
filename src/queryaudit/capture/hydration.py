"""Marks rows with their lineage as querysets hydrate them.

One interface over two mechanisms: since Django 6.1 each instance carries its queryset's fetch
mode (``fetch_modes``), before that the instance's ``_state`` is tagged (``state_tags``).
"""

from __future__ import annotations

from typing import Any

import django
from django.db.models.query import ModelIterable, RawModelIterable, RelatedPopulator

from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.definitions import Step
from queryaudit.records.kinds import AccessKind

if django.VERSION >= (6, 1):
    from queryaudit.capture import fetch_modes as mechanism
else:
    from queryaudit.capture import state_tags as mechanism  # type: ignore[no-redef]

adopt = mechanism.adopt
lineage_of = mechanism.lineage_of


def install(patches: Patches) -> None:
    """Hook the two places where rows become instances."""
    marks: dict[Any, Any] = {
        ModelIterable: mechanism.mark_rows,
        RawModelIterable: mechanism.mark_raw_rows,
    }
    for cls, mark_rows in marks.items():
        patches.replace(cls, "__iter__", _iterating(cls.__iter__, mark_rows))
    patches.replace(RelatedPopulator, "__init__", _populating(RelatedPopulator.__init__))


def _iterating(original: Any, mark_rows: Any) -> Any:
    def __iter__(self: Any) -> Any:
        scope = CURRENT.get()
        if scope is None or not scope.judged:
            return original(self)
        try:
            return mark_rows(self, original)
        except Exception as ours:  # noqa: BLE001 - the first wall; no row is read yet
            scope.recorder.failed("rows", ours)
            return original(self)

    return __iter__


def _populating(original: Any) -> Any:
    mark_joined = mechanism.mark_joined

    def __init__(self: Any, klass_info: Any, *arguments: Any) -> None:
        scope = CURRENT.get()
        if scope is None:
            original(self, klass_info, *arguments)
            return
        try:
            step = _joined_step(klass_info)
        except Exception as ours:  # noqa: BLE001 - the first wall
            scope.recorder.failed("joined rows", ours)
            original(self, klass_info, *arguments)
        else:
            mark_joined(original, self, step, klass_info, *arguments)

    return __init__


def _joined_step(klass_info: Any) -> Step:
    """The step to a model that was joined in by ``select_related``."""
    field = klass_info["field"]
    if klass_info["reverse"]:
        # A filtered relation hands over the relation itself, others the field at its far end.
        relation = field if hasattr(field, "get_accessor_name") else field.remote_field
        return Step(relation.get_accessor_name() or "+", AccessKind.REVERSE_ONE, True)
    return Step(field.name, AccessKind.FORWARD, True)
