"""Where a row came from: the source queryset and the relation path to the row.

One lineage is shared by all rows of an evaluation (and by the rows lazily loaded over the same
path), so it costs nothing per row and keeps no row alive.
"""

from __future__ import annotations

from queryaudit.records.events import Step


class Root:
    """One evaluation of a source queryset.

    ``owner`` is the recorder's token: rows outlive audits, and an id means nothing to another.
    """

    __slots__ = ("origin", "owner", "serial")

    def __init__(self, origin: int, serial: int, owner: object) -> None:
        self.origin = origin
        self.serial = serial
        self.owner = owner


class Lineage:
    """A path from a root; children are shared, so equal paths are the same object."""

    __slots__ = ("accesses", "children", "path", "root")

    def __init__(self, root: Root, path: tuple[Step, ...] = ()) -> None:
        self.root = root
        self.path = path
        self.children: dict[Step, Lineage] = {}
        #: Access ids by cause, so that the second query of a loop looks nothing up.
        self.accesses: dict[object, int] = {}

    def child(self, step: Step) -> Lineage:
        """The lineage of rows reached over ``step``."""
        found = self.children.get(step)
        if found is None:
            # A tree walked to any depth would grow the path without end; past this the
            # recursion is evident and further depth adds nothing.
            if len(self.path) >= MAX_PATH:
                return self
            found = self.children[step] = Lineage(self.root, (*self.path, step))
        return found


#: Longest relation path that is told apart.
MAX_PATH = 12
