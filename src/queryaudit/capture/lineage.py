"""Where a row came from: the source queryset and the relation path to the row.

One lineage is shared by all rows of an evaluation (and by the rows lazily loaded over the same
path), so it costs nothing per row and keeps no row alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from queryaudit.records.definitions import Step

if TYPE_CHECKING:
    from queryaudit.capture.usage import Uses


class Lineage:
    """A relation path from one evaluation of a source queryset.

    Children are shared, so equal paths are the same object. ``owner`` is the recorder's token:
    rows outlive audits, and an id means nothing to another.
    """

    __slots__ = ("_children", "accesses", "origin", "owner", "path", "serial", "uses")

    origin: int
    serial: int
    owner: object
    path: tuple[Step, ...]
    #: Made when they are needed: most evaluations cause no further query.
    _children: dict[Step, Lineage] | None
    #: Access ids by cause, so that the second query of a loop looks nothing up.
    accesses: dict[object, int] | None
    #: What is read of the rows, in deep mode.
    uses: Uses | None

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
            found = children[step] = lineage(self.origin, self.serial, self.owner, path)
            if self.uses is not None:
                found.uses = self.uses.child(step)
        return found


_new = object.__new__


def lineage(origin: int, serial: int, owner: object, path: tuple[Step, ...] = ()) -> Lineage:
    """A new lineage. Made for each evaluation: ``__init__`` would cost four times as much."""
    made = _new(Lineage)
    made.origin = origin
    made.serial = serial
    made.owner = owner
    made.path = path
    made._children = made.accesses = made.uses = None
    return made


#: Longest relation path that is told apart.
MAX_PATH = 12
