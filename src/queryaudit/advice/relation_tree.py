"""Relation accesses on one queryset's rows, merged into a tree of relations.

Many accesses share the beginning of their paths; a fix has to load each relation once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from queryaudit.advice.narrowing import Narrowing
from queryaudit.records.definitions import Access, Step
from queryaudit.records.kinds import AccessKind

#: Kinds that lead to one row, so that the source can join them.
JOINED = frozenset({AccessKind.FORWARD, AccessKind.REVERSE_ONE})

#: Methods that only look, and that Django answers from a prefetch.
COUNTED = frozenset({"count", "exists"})

#: Methods that yield a value and no rows.
VALUED = COUNTED | {"aggregate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationUse:
    """One way in which rows of a queryset caused further queries.

    Models are ``app_label.ModelName``. For a deferred column the last step is the column.
    """

    path: tuple[Step, ...]
    method: str | None = None  #: ``count``, ``first``, ...; None for plain access
    narrowed: bool = False  #: the relation was filtered, ordered or sliced further
    narrowing: Narrowing | None = None  #: by what, where that is known
    prefetched: bool = False  #: the relation's prefetch was there, and asked past
    owner: str | None = None  #: model on which the last step's attribute was read
    target: str | None = None  #: model that is loaded

    @classmethod
    def of(cls, access: Access) -> RelationUse:
        return cls(
            path=access.path,
            method=access.method,
            narrowed=access.narrowed,
            prefetched=access.prefetched,
            owner=access.owner,
            target=access.target,
        )


@dataclass(slots=True)
class Relation:
    """A node of the tree: one relation, what was done with it, and what lies behind it."""

    name: str
    kind: AccessKind
    lazy: bool = False  #: some access loaded it by a query of its own
    eager: bool = False  #: it is loaded with its parent already
    model: str | None = None
    owner: str | None = None
    uses: set[tuple[str | None, bool]] = field(default_factory=set)  #: (method, narrowed)
    #: By the method of a narrowed use; None stands for what is not known.
    narrowings: dict[str | None, set[Narrowing | None]] = field(default_factory=dict)
    children: dict[str, Relation] = field(default_factory=dict)

    @property
    def ordered_children(self) -> Iterator[Relation]:
        return iter(sorted(self.children.values(), key=lambda child: child.name))

    @property
    def query_name(self) -> str:
        """The relation's name in lookups: ``review_set`` is queried as ``review``."""
        if self.kind in (AccessKind.COLLECTION, AccessKind.MANY):
            return self.name.removesuffix("_set") or self.name
        return self.name

    def narrowing(self, method: str | None) -> Narrowing | None:
        """By what all uses of the method are narrowed, if that is known and the same."""
        known = self.narrowings.get(method, set())
        return next(iter(known)) if len(known) == 1 else None

    @property
    def narrowed(self) -> bool:
        """Whether some of its rows are read, filtered or ordered in a way of their own."""
        return any(narrows and method not in VALUED for method, narrows in self.uses)

    @property
    def plain(self) -> bool:
        """Whether its rows are read as they are, not narrowed."""
        return (None, False) in self.uses


def grow(uses: Iterable[RelationUse]) -> Relation:
    """The tree of all uses, under a root that stands for the source queryset's rows."""
    root = Relation("", AccessKind.FORWARD)
    for use in uses:
        node = root
        for step in use.path[:-1]:
            node = _child(node, step)
            node.lazy |= not step.eager
        if not use.path:
            continue
        node.model = node.model or use.owner
        last = _child(node, use.path[-1])
        last.uses.add((use.method, use.narrowed))
        if use.narrowed or use.method == "aggregate":
            last.narrowings.setdefault(use.method, set()).add(use.narrowing)
        last.model = last.model or use.target
        last.owner = last.owner or use.owner
        if use.prefetched:
            last.eager = True
        elif use.method is None and not use.narrowed:
            last.lazy = True
    _settle(root)
    return root


def variable(model: str | None) -> str:
    """The name that a row of the model would have in a loop: ``shop.BookOrder``, book_order."""
    if not model:
        return "row"
    name = model.rpartition(".")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _child(node: Relation, step: Step) -> Relation:
    child = node.children.get(step.name)
    if child is None:
        child = node.children[step.name] = Relation(step.name, step.kind)
    child.eager |= step.eager
    return child


def _settle(root: Relation) -> None:
    """Rows that others were reached from were read, unless a narrowed use accounts for them."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.lazy and not node.plain and not node.narrowed:
            node.uses.add((None, False))
        waiting.extend(node.children.values())
