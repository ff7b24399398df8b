"""Deep mode: which columns and relations of loaded rows are ever read.

Column descriptors become data descriptors and relation descriptors are wrapped for as long as deep
mode is on; it costs something for each attribute of each row, so it is asked for. What was read is
kept for each queryset of a unit of work, never for each row.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ReverseManyToOneDescriptor,
    ReverseOneToOneDescriptor,
)
from django.db.models.query_utils import DeferredAttribute

from queryaudit.capture import hydration
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT
from queryaudit.records.definitions import Step
from queryaudit.records.events import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from queryaudit.capture.scopes import Scope

#: Distinct rows that are told apart; beyond, only "at least".
MAX_ROWS = 1000
#: Where Django itself walks over relations to prefetch them.
_PREFETCHING = "django/db/models/query.py"

_getframe = sys._getframe


class Uses:
    """What was read of the rows of one queryset, or of those at the end of a path from it."""

    __slots__ = (
        "children",
        "columns",
        "evaluations",
        "loaded",
        "origin",
        "path",
        "relations",
        "rows",
        "scope",
        "whole",
    )

    def __init__(self, scope: Scope, origin: int, path: tuple[Step, ...] = ()) -> None:
        self.scope = scope
        self.origin = origin
        self.path = path
        self.evaluations = 0
        #: Names of the columns that were asked for; None: all.
        self.loaded: tuple[str, ...] | None = None
        self.columns: set[str] = set()
        self.relations: set[str] = set()
        self.rows: set[int] = set()
        #: Rows left as a whole, as by pickling.
        self.whole = False
        self.children: dict[Step, Uses] = {}

    def child(self, step: Step) -> Uses:
        found = self.children.get(step)
        if found is None:
            found = self.children[step] = Uses(self.scope, self.origin, (*self.path, step))
        return found

    def touch(self, instance: Any) -> None:
        """Something of this row is read."""
        if len(self.rows) < MAX_ROWS:
            key = instance.__dict__.get(instance._meta.pk.attname)
            try:
                self.rows.add(hash(key))
            except TypeError:  # of no use to Django either, but for reading
                self.rows.add(id(instance))

    def event(self) -> Usage:
        return Usage(
            self.scope.id,
            self.origin,
            self.path,
            self.evaluations,
            self.loaded,
            tuple(sorted(self.columns)),
            tuple(sorted(self.relations)),
            len(self.rows),
            self.whole,
        )

    def events(self) -> Iterator[Usage]:
        yield self.event()
        for step in sorted(self.children):
            yield from self.children[step].events()

    def late(self, *, column: str = "", relation: str = "", whole: bool = False) -> None:
        """Something was read after the unit of work had ended, as of a row that was kept."""
        scope = CURRENT.get()
        if scope is None or not scope.judged or scope.ended:
            return
        scope.recorder.note(
            Usage(
                scope.id, self.origin, self.path, 0, self.loaded,
                (column,) if column else (), (relation,) if relation else (), 0, whole,
            )
        )  # fmt: skip


def begin(scope: Scope, origin: int, iterable: Any) -> Uses | None:
    """What will be read of the rows that ``iterable`` is about to yield; None if they are no
    instances."""
    if not hasattr(iterable, "_queryaudit_mark") or not hasattr(iterable.queryset, "_query"):
        return None
    known = scope.uses.get(origin)
    if known is None:
        known = scope.uses[origin] = Uses(scope, origin)
        known.loaded = _loaded(iterable.queryset.query)
    known.evaluations += 1
    return known


def _loaded(query: Any) -> tuple[str, ...] | None:
    names, deferred = query.deferred_loading
    if not names:
        return None
    options = query.get_meta()
    columns = {field.name: field.attname for field in options.concrete_fields}
    chosen = set(columns) - names if deferred else {*names, options.pk.name}
    return tuple(sorted(columns.get(name, name) for name in chosen))


def install(patches: Patches) -> None:
    patches.replace(DeferredAttribute, "__get__", _reading(DeferredAttribute.__get__))
    patches.replace(DeferredAttribute, "__set__", _set)
    patches.replace(DeferredAttribute, "__delete__", _delete)
    patches.replace(Model, "__getstate__", _leaving(Model.__getstate__))
    for cls in _relation_descriptors():
        patches.replace(cls, "__get__", _following(cls.__get__))
    respecialise()


def respecialise() -> None:
    """Have the interpreter look at attributes of models anew: it remembers that columns were found
    in the instance."""
    Model._queryaudit = None  # type: ignore[attr-defined]
    del Model._queryaudit


def _relation_descriptors() -> list[Any]:
    found: list[Any] = [
        ForwardManyToOneDescriptor,
        ReverseOneToOneDescriptor,
        ReverseManyToOneDescriptor,
    ]
    generic: Any = sys.modules.get("django.contrib.contenttypes.fields")
    if generic is not None:  # a generic key is its own descriptor before Django 6.1
        found.append(getattr(generic, "GenericForeignKeyDescriptor", generic.GenericForeignKey))
    return found


def _uses_of(instance: Any) -> Uses | None:
    lineage = hydration.lineage_of(instance)
    return lineage.uses if lineage is not None else None


def _reading(original: Any) -> Any:
    def __get__(self: Any, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        values = instance.__dict__
        name = self.field.attname
        if name not in values:
            return original(self, instance, cls)
        uses = _uses_of(instance)
        if uses is not None:
            if name not in uses.columns:
                uses.columns.add(name)
                if uses.scope.ended:
                    uses.late(column=name)
            uses.touch(instance)
        return values[name]

    return __get__


def _set(self: Any, instance: Any, value: Any) -> None:
    instance.__dict__[self.field.attname] = value


def _delete(self: Any, instance: Any) -> None:
    try:
        del instance.__dict__[self.field.attname]
    except KeyError:
        raise AttributeError(self.field.attname) from None


def _leaving(original: Any) -> Any:
    """Pickled or copied: nobody sees what is read of it then."""

    def __getstate__(self: Any) -> Any:
        uses = _uses_of(self)
        if uses is not None and not uses.whole:
            uses.whole = True
            if uses.scope.ended:
                uses.late(whole=True)
        return original(self)

    return __getstate__


def _following(original: Any) -> Any:
    def __get__(self: Any, instance: Any, cls: Any = None) -> Any:
        if instance is not None:
            uses = _uses_of(instance)
            if uses is not None:
                _followed(uses, self, instance, _getframe(1).f_code.co_filename)
        return original(self, instance, cls)

    return __get__


def _followed(uses: Uses, descriptor: Any, instance: Any, caller: str) -> None:
    if caller.replace("\\", "/").endswith(_PREFETCHING):
        return
    uses.touch(instance)
    name = _name_of(descriptor, type(instance))
    if name is not None and name not in uses.relations:
        uses.relations.add(name)
        if uses.scope.ended:
            uses.late(relation=name)


def _name_of(descriptor: Any, model: type) -> str | None:
    """The attribute that a descriptor is."""
    for cls in model.__mro__:
        for name, value in vars(cls).items():
            if value is descriptor:
                return name
    return None
