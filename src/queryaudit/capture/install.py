"""Installs all of capture's hooks, and takes them out again. Nothing happens on import."""

from __future__ import annotations

from queryaudit.capture import (
    atomic_blocks,
    building,
    commits,
    concurrency,
    connections,
    effects,
    generic,
    hydration,
    rows,
    savepoints,
    usage,
)
from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.patching import Patches


class Installation:
    """Counts its users: the hooks are in while there is at least one."""

    def __init__(self) -> None:
        self._users = 0
        self._deep = False
        self._patches = Patches()

    def acquire(self, files: CodeFiles) -> None:
        self._users += 1
        if self._users > 1:
            return
        connections.install(self._patches)
        hydration.install(self._patches)
        rows.install(self._patches)
        building.install(self._patches, files)
        generic.install(self._patches)
        concurrency.install(self._patches, files)
        commits.install(self._patches)
        savepoints.install(self._patches)
        atomic_blocks.install(self._patches, effects.Effects(self._patches).refresh)

    def deepen(self) -> None:
        """Follow reads of rows too, until the last user is gone."""
        if not self._deep:
            self._deep = True
            usage.install(self._patches)

    def release(self) -> None:
        self._users -= 1
        if self._users == 0:
            self._patches.undo()
            if self._deep:
                self._deep = False
                usage.respecialise()
