"""Where a row came from: the source queryset and the relation path to the row.

One lineage is shared by all rows of an evaluation (and by the rows lazily loaded over the same
path), so it costs nothing per row and keeps no row alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from queryaudit.records.events import Step

if TYPE_CHECKING:
    from queryaudit.capture.usage import Uses


class Lineage:
    """A relation path from one evaluation of a source queryset.

    Children are shared, so equal paths are the same object. ``owner`` is the recorder's token:
    rows outlive audits, and an id means nothing to another.
    """

    __slots__ = ("_children", "accesses", "origin", "owner", "path", "serial", "uses")

    def __init__(
        self, origin: int, serial: int, owner: object, path: tuple[Step, ...] = ()
    ) -> None:
        self.origin = origin
        self.serial = serial
        self.owner = owner
        self.path = path
        # Made when they are needed: most evaluations cause no further query.
        self._children: dict[Step, Lineage] | None = None
        #: Access ids by cause, so that the second query of a loop looks nothing up.
        self.accesses: dict[object, int] | None = None
        #: What is read of the rows, in deep mode.
        self.uses: Uses | None = None

    def child(self, step: Step) -> Lineage:
        """The lineage of rows reached over ``step``."""
        children = self._children
        if children is None:
            children = self._children = {}
        found = children.get(step)
        if found is None:
            # A tree walked to any depth would grow the path without end; past this the
            # recursion is evident and further depth adds nothing.
            if len(self.path) >= MAX_PATH:
                return self
            path = (*self.path, step)
            found = children[step] = Lineage(self.origin, self.serial, self.owner, path)
            if self.uses is not None:
                found.uses = self.uses.child(step)
        return found


#: Longest relation path that is told apart.
MAX_PATH = 12
