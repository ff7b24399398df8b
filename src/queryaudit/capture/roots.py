"""Which folders hold the project's code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder


def project_roots(sources: Iterable[str], root: str) -> tuple[str, ...]:
    """Absolute folders for ``sources``: paths relative to ``root``, or names of packages.

    A name that is neither is kept as a path, so that nothing lies below it and the report says
    that nothing of it was seen.
    """
    found: list[str] = []
    for source in sources:
        path = os.path.join(root, source)
        if os.path.exists(path):
            found.append(os.path.realpath(path))
        else:
            found.extend(_package(source) or [os.path.realpath(path)])
    return tuple(dict.fromkeys(found))


def _package(name: str) -> list[str]:
    """Folders of a package, looked for without importing it or its parents."""
    search: list[str] | None = None
    spec = None
    for part in name.split("."):
        module = sys.modules.get(part) if search is None else None
        if module is not None and getattr(module, "__path__", None):
            search = list(module.__path__)
            continue
        try:
            spec = PathFinder.find_spec(part, search)
        except (ImportError, ValueError):
            return []
        if spec is None:
            return []
        if spec.submodule_search_locations is None:
            return [os.path.realpath(spec.origin)] if spec.origin else []
        search = list(spec.submodule_search_locations)
    return [os.path.realpath(folder) for folder in search or []]
