"""Call sites of what is no query: where transactions begin, and what is done within them."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from queryaudit.capture.places import Place
from queryaudit.capture.recall import Sites
from queryaudit.capture.scopes import Scope
from queryaudit.capture.sites import walk

if TYPE_CHECKING:
    from queryaudit.capture.recorder import Recorder


class Callers:
    """Remembers them as a statement's sites are remembered."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lock = threading.Lock()
        self._sites: dict[tuple[str, object], Sites] = {}

    def stack(
        self, kind: str, scope: Scope, subject: object = None, place: Place | None = None
    ) -> int:
        """The stack of whoever calls this, with ``place`` before it.

        ``subject`` is what ``place`` stands for: one caller may call several.
        """
        sites = self._sites.get((kind, subject))
        if sites is None:
            sites = self._sites.setdefault((kind, subject), Sites())
        site = sites.recall()
        if site is None:
            recorder = self._recorder
            found = walk(sys._getframe(1), 1, recorder.files, recorder.places, scope.base)
            if place is not None:
                found.places.insert(0, place)
            site = found.site
            site.stack = recorder.stack(found)
            with self._lock:
                sites.add(site)
        return site.stack
