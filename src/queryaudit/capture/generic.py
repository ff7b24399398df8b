"""Lets a generic relation's manager leave its instance as a hint, as all other managers do."""

from __future__ import annotations

import sys
from typing import Any

from queryaudit.capture.patching import Patches

_MODULE = "django.contrib.contenttypes.fields"


def install(patches: Patches) -> None:
    """Nothing to do in a project that has no generic relations."""
    module = sys.modules.get(_MODULE)
    if module is None:
        return
    descriptor = module.ReverseGenericManyToOneDescriptor
    original = descriptor.__get__
    hinting: set[type] = set()

    def __get__(self: Any, instance: Any, cls: Any = None) -> Any:
        manager = original(self, instance, cls)
        if instance is not None:
            kind = type(manager)
            if kind not in hinting:
                hinting.add(kind)
                patches.replace(kind, "_apply_rel_filters", _hinting(kind._apply_rel_filters))
        return manager

    patches.replace(descriptor, "__get__", __get__)


def _hinting(original: Any) -> Any:
    def _apply_rel_filters(self: Any, queryset: Any) -> Any:
        filtered = original(self, queryset)
        # The alias is chosen already, so no router sees the hint.
        filtered._hints.setdefault("instance", self.instance)
        return filtered

    return _apply_rel_filters
