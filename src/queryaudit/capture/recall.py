"""Remembered call sites: finds again where a statement was asked for, without a walk.

Frames are cheap to pass over and dear to look at. So a stack is looked at only where a known site
of the statement stands, and then at each of its callers in the project, outwards. What is known is
a tree of these, so that a function with a thousand callers costs no more than one with two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any

from queryaudit.capture.scopes import AWAITING, Ancestor

if TYPE_CHECKING:
    from queryaudit.capture.causes import Cause
    from queryaudit.records.kinds import FetchKind

#: Sites remembered for one statement, and of these on one way through the project.
MAX_SITES, MAX_VARIANTS = 4096, 24
#: How far ``recall`` and what it asks stand above the frame that depths are counted from.
RECALL, CONFIRM = 1, 2

#: What ``exists()`` begins with.
_PROBES = ('SELECT %s AS "a" FROM ', "SELECT %s AS `a` FROM ")

#: Moves an instruction out of the way of an address.
_SHIFT = 48

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
        "reads",
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
        #: (depth, code, instruction) of the project's callers outwards, and of the frame where the
        #: walk ended, for ``recall`` itself.
        self.callers: tuple[tuple[int, CodeType, int], ...] = ()
        #: The same of the frames whose variables are read.
        self.reads: tuple[tuple[int, CodeType, int], ...] = ()
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


#: (depth, code, instruction) of a frame.
Check = tuple[int, "CodeType | None", int]
#: A site and what is left to check for it.
_Candidate = tuple[Site, tuple[Check, ...]]


class _Way:
    """A way outwards: the sites whose callers end here, and where the next ones stand."""

    __slots__ = ("further", "sites")

    def __init__(self) -> None:
        self.sites: tuple[_Candidate, ...] = ()
        #: By depth. A site that is alone there has no way of its own, but all that is left to
        #: check.
        self.further: tuple[tuple[int, _Level], ...] = ()

    def add(self, site: Site, path: tuple[Check, ...]) -> None:
        """Add a site whose callers from here on are ``path``. No recursion: the application may be
        near the end of its stack."""
        way = self
        while path:
            (depth, code, lasti), path = path[0], path[1:]
            level = next((level for known, level in way.further if known == depth), None)
            if level is None:
                level = {}
                way.further = (*way.further, (depth, level))
            key = _key(code, lasti)
            known = level.get(key)
            if known is None:
                level[key] = ((site, path + site.reads),)
                return
            if isinstance(known, tuple):
                ((other, checks),) = known
                theirs = checks[: len(checks) - len(other.reads)]
                level[key] = _fork(other, theirs, site, path)
                return
            way = known
        if len(way.sites) < MAX_VARIANTS:
            way.sites = (*way.sites, (site, site.reads))


def _key(code: CodeType | None, lasti: int) -> int:
    # Sites keep their code alive, so its id remains its own.
    return id(code) + (lasti << _SHIFT)


def _fork(other: Site, theirs: tuple[Check, ...], site: Site, path: tuple[Check, ...]) -> _Way:
    """The way of two sites from here on, whole: others look while this thread adds."""
    way = whole = _Way()
    for (depth, code, lasti), (other_depth, other_code, other_lasti) in zip(
        path, theirs, strict=False
    ):
        if (depth, lasti) != (other_depth, other_lasti) or code is not other_code:
            break
        inner = _Way()
        way.further = ((depth, {_key(code, lasti): inner}),)
        way, path, theirs = inner, path[1:], theirs[1:]
    way.add(other, theirs)
    way.add(site, path)
    return whole


#: By code and instruction.
_Level = dict[int, "_Way | tuple[_Candidate]"]


class Sites:
    """The known sites of one statement."""

    __slots__ = ("_size", "_start")

    def __init__(self) -> None:
        self._start = _Way()
        self._size = 0

    def add(self, site: Site) -> None:
        """Remember a site, unless there are too many. One thread adds at a time."""
        if self._size < MAX_SITES:
            self._size += 1
            self._start.add(site, ((site.depth, site.code, site.lasti), *site.callers))

    def recall(self) -> Site | None:
        """The site at which the caller's stack stands, if it is known."""
        ways: Iterator[tuple[int, _Level]] = iter(self._start.further)
        others: tuple[Any, ...] | None = None  # a chain of what else to try
        while True:
            for depth, level in ways:
                try:
                    frame = _getframe(depth)
                    found = level.get(id(frame.f_code) + (frame.f_lasti << _SHIFT))
                    if found is None:
                        continue
                    for site, checks in found.sites if isinstance(found, _Way) else found:
                        for outer, code, lasti in checks:
                            frame = _getframe(outer)
                            if frame.f_code is not code or frame.f_lasti != lasti:
                                break
                        else:
                            if site.simple or _confirmed(site):
                                return site
                except ValueError:  # the stack ends above that depth
                    continue
                if isinstance(found, _Way) and found.further:
                    others = (ways, others)
                    ways = iter(found.further)
                    break
            else:
                if others is None:
                    return None
                ways, others = others


class KnownText:
    """A statement's text: its id, and where it was asked for."""

    __slots__ = ("id", "probes", "scope", "sites", "stack", "updates", "writes")

    def __init__(self, id: int, text: str) -> None:
        self.id = id
        self.sites = Sites()
        #: The last scope and stack that asked it.
        self.scope = 0
        self.stack = 0
        verb = text[:6].upper()
        self.updates = verb == "UPDATE"
        self.writes = self.updates or verb == "INSERT"
        #: Its first parameter is the constant that ``exists()`` selects: the others are those that
        #: the same condition has elsewhere.
        self.probes = text.startswith(_PROBES)

    def asked(self, scope: int, stack: int) -> tuple[int, ...]:
        """The stacks at two places of one unit of work, if this is the second."""
        known = (self.stack, stack) if self.scope == scope else ()
        self.scope = scope
        self.stack = stack
        return known


def _confirmed(site: Site) -> bool:
    """Whether what instructions don't tell is as it was."""
    if site.awaiting is not None and AWAITING.get() != site.awaiting:
        return False
    for depth, reader, value in site.probes:  # noqa: SIM110 - a generator is one frame more
        if reader(_getframe(depth)) != value:
            return False
    return True
