"""Remembered call sites: finds again where a statement was asked for, without a walk.

Frames are cheap to pass over and dear to look at. So a stack is looked at only where a known site
of the statement stands: once for each depth at which there is one, and then at its callers.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

from queryaudit.capture.scopes import AWAITING, Ancestor

if TYPE_CHECKING:
    from queryaudit.capture.causes import Cause
    from queryaudit.records.events import FetchKind

#: Sites remembered for one statement, and of these at one instruction.
MAX_SITES, MAX_VARIANTS = 4096, 24
#: How far ``recall`` and what it asks stand above the frame that depths are counted from.
RECALL, CONFIRM = 1, 2

_getframe = sys._getframe


class Site:
    """A remembered call site: where to look, and what was found there.

    Depths are for ``sys._getframe`` in the caller of ``recall`` unless said otherwise.
    """

    __slots__ = (
        "access",
        "awaiting",
        "callers",
        "cause",
        "code",
        "depth",
        "fetches",
        "lasti",
        "probes",
        "repeated",
        "rows_depth",
        "scope",
        "simple",
        "source",
        "stack",
    )

    def __init__(self) -> None:
        #: Where the site stands, for ``recall`` itself.
        self.depth = 0
        self.code: CodeType | None = None
        self.lasti = -1
        #: (depth, code, instruction) of the project's callers, for ``recall`` itself.
        self.callers: tuple[tuple[int, CodeType, int], ...] = ()
        #: (depth, reader, value): what tells apart sites that run the same instructions.
        self.probes: tuple[tuple[int, Any, object], ...] = ()
        #: What awaited the site's thread; None where its stack reaches the unit's beginning.
        self.awaiting: tuple[Ancestor, ...] | None = None
        #: Instructions are all there is to check.
        self.simple = True
        self.stack = 0
        self.rows_depth: int | None = None
        #: Set where no queryset's compiler reads the rows.
        self.fetches: FetchKind | None = None
        self.cause: Cause | None = None
        #: The access of a cause that no row is behind.
        self.access: int | None = None
        #: Where the queryset was built that ran here last, and the origin that its rows have.
        self.source: tuple[CodeType | None, int, int] | None = None
        #: The last scope that came by, and whether one came by twice.
        self.scope = 0
        self.repeated = False


class Sites:
    """The known sites of one statement."""

    __slots__ = ("_levels", "_size")

    def __init__(self) -> None:
        #: By depth, then by code and instruction.
        self._levels: tuple[tuple[int, dict[int, tuple[Site, ...]]], ...] = ()
        self._size = 0

    def add(self, site: Site) -> None:
        """Remember a site, unless there are too many. One thread adds at a time."""
        level = next((level for depth, level in self._levels if depth == site.depth), {})
        key = id(site.code) + site.lasti
        known = level.get(key, ())
        if self._size >= MAX_SITES or len(known) >= MAX_VARIANTS:
            return
        self._size += 1
        if not level:
            self._levels = (*self._levels, (site.depth, level))
        level[key] = (*known, site)

    def recall(self) -> Site | None:
        """The site at which the caller's stack stands, if it is known."""
        for depth, level in self._levels:
            try:
                frame = _getframe(depth)
                code, lasti = frame.f_code, frame.f_lasti
                # Sites keep their code alive, so its id remains its own.
                for site in level.get(id(code) + lasti, ()):
                    if site.code is not code or site.lasti != lasti:
                        continue
                    for outer, outer_code, outer_lasti in site.callers:
                        frame = _getframe(outer)
                        if frame.f_code is not outer_code or frame.f_lasti != outer_lasti:
                            break
                    else:
                        if site.simple or _confirmed(site):
                            return site
            except ValueError:  # the stack ends above that depth
                continue
        return None


def _confirmed(site: Site) -> bool:
    """Whether what instructions don't tell is as it was."""
    if site.awaiting is not None and AWAITING.get() != site.awaiting:
        return False
    for depth, reader, value in site.probes:  # noqa: SIM110 - a generator is one frame more
        if reader(_getframe(depth)) != value:
            return False
    return True
