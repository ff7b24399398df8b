"""Why a query happened: reads the instance and the relation from the ORM's own frames.

Every lazy load passes through a descriptor's ``__get__`` or through a queryset that carries its
related instance as a hint, in all supported versions of Django. Reading those frames needs no
patch, so there is nothing to undo and nothing that a new release can break loudly. The slow part
(which relation is it?) is done once for each call site; after that only the instance is read.
"""

from __future__ import annotations

from copy import copy
from types import FrameType
from typing import TYPE_CHECKING, Any

from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ReverseOneToOneDescriptor,
)
from django.db.models.query_utils import DeferredAttribute

from queryaudit.capture.related_querysets import is_narrowed, relation_of
from queryaudit.records.definitions import Step
from queryaudit.records.kinds import AccessKind

if TYPE_CHECKING:
    from django.db.models import Model

#: Methods that only run a queryset as it stands.
_PLAIN = frozenset({"_fetch_all", "_iterator", "__len__", "__bool__", "__iter__", "iterator"})


class Cause:
    """What is known of a cause at one call site; ``instance`` reads the row at hand.

    Without a step it is a queryset that somebody wrote out, of which only model and method are
    known.
    """

    __slots__ = (
        "cached",
        "depth",
        "descriptor",
        "local",
        "method",
        "narrowed",
        "other",
        "owner",
        "pk",
        "prefetched",
        "step",
        "target",
        "to_attr",
    )

    def __init__(
        self,
        *,
        depth: int,
        local: str,
        step: Step | None,
        owner: type[Model],
        target: str | None,
        descriptor: object | None = None,
        method: str | None = None,
        narrowed: bool = False,
        prefetched: bool = False,
        cached: str | None = None,
        to_attr: bool = False,
    ) -> None:
        self.depth = depth
        self.local = local
        self.step = step
        self.owner = owner._meta.label
        self.pk = owner._meta.pk.attname
        self.target = target
        self.descriptor = descriptor
        self.method = method
        self.narrowed = narrowed
        self.prefetched = prefetched
        #: The name under which an instance keeps prefetched rows of a collection, and the cause
        #: that is asked past such rows where this one is not, or the other way round.
        self.cached = cached
        self.other: Cause | None = None
        #: Prefetched into a list of its own.
        self.to_attr = to_attr

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for causes that are the same in all. Their descriptor is kept, and so is its id."""
        return (
            self.depth, self.local, self.step, self.owner, self.pk, self.target,
            id(self.descriptor), self.method, self.narrowed, self.prefetched, self.cached,
            self.to_attr,
        )  # fmt: skip

    def of(self, instance: Model) -> Cause:
        """As it is for this row: a place may ask rows with prefetched ones and without."""
        kept = instance.__dict__.get("_prefetched_objects_cache", ())
        if (self.cached in kept) is self.prefetched:
            return self
        if self.other is None:
            other = copy(self)
            other.prefetched, other.other = not self.prefetched, self
            self.other = other
        return self.other

    def instance(self, frame: FrameType) -> Any:
        """The causing row, or None if this frame tells of another relation."""
        names = frame.f_locals
        if self.descriptor is not None and names["self"] is not self.descriptor:
            return None
        if self.local == "queryset":
            return names["self"]._hints.get("instance")
        if self.local == "rows":
            return names["self"].queryset._hints.get("instance")
        if self.local == "instances":
            return names["instances"][0]
        return names["instance"]


def from_descriptor(frame: FrameType, depth: int, target: type[Model] | None) -> Cause | None:
    """A relation or column read on an instance."""
    descriptor, instance = frame.f_locals["self"], frame.f_locals["instance"]
    if isinstance(descriptor, ForwardManyToOneDescriptor):
        step = Step(descriptor.field.name, AccessKind.FORWARD, False)
    elif isinstance(descriptor, ReverseOneToOneDescriptor):
        step = Step(descriptor.related.get_accessor_name() or "+", AccessKind.REVERSE_ONE, False)
    elif isinstance(descriptor, DeferredAttribute):
        step = Step(descriptor.field.attname, AccessKind.DEFERRED, False)
    elif type(descriptor).__module__ == "django.contrib.contenttypes.fields":
        # GenericForeignKey is its own descriptor before Django 6.1.
        if target is not None and target._meta.label == "contenttypes.ContentType":
            return None
        field = getattr(descriptor, "field", descriptor)
        step = Step(field.name, AccessKind.GENERIC, False)
    else:
        return None
    return Cause(
        depth=depth,
        local="instance",
        step=step,
        owner=type(instance),
        target=target._meta.label if target is not None else None,
        descriptor=descriptor,
    )


def from_prefetch(frame: FrameType, depth: int, target: type[Model] | None) -> Cause | None:
    """A relation loaded for many instances at once."""
    names = frame.f_locals
    instances = names["instances"]
    if not instances:
        return None
    owner = type(instances[0])
    lookup, level = names["lookup"], names["level"]
    name = lookup.prefetch_through.split("__")[level]
    # What is asked of the rows later is prefetched by the name of the list that they are in.
    attribute = lookup.prefetch_to.split("__")[level]
    return Cause(
        depth=depth,
        local="instances",
        step=Step(attribute, relation_kind(owner, name), True),
        to_attr=attribute != name,
        owner=owner,
        target=target._meta.label if target is not None else None,
    )


def of_deletion(frame: FrameType, depth: int) -> Cause:
    """What Django reads to delete: the rows that go along are not the deleted queryset's."""
    model = frame.f_locals["self"].model
    return Cause(
        depth=depth,
        local="queryset",
        step=None,
        owner=model,
        target=model._meta.label,
        method="delete",
    )


def from_queryset(frame: FrameType, depth: int, method: str) -> Cause | None:
    """A queryset: of a related manager, which left its instance as a hint, or any other."""
    owner = frame.f_locals["self"]
    # An asynchronous iteration hands only the iterable to its thread.
    is_rows = hasattr(owner, "chunked_fetch")
    queryset = owner.queryset if is_rows else owner
    hints = getattr(queryset, "_hints", None)
    instance = hints.get("instance") if hints else None
    found = relation_of(instance, queryset) if instance is not None else None
    if found is None or instance is None:
        return Cause(
            depth=depth,
            local="rows" if is_rows else "queryset",
            step=None,
            owner=queryset.model,
            target=queryset.model._meta.label,
            method=_method(method),
        )
    name, kind, conditions, cache_name = found
    prefetched = cache_name in getattr(instance, "_prefetched_objects_cache", ())
    return Cause(
        depth=depth,
        local="rows" if is_rows else "queryset",
        step=Step(name, kind, False),
        owner=type(instance),
        target=queryset.model._meta.label,
        method=_method(method) or _values(queryset),
        narrowed=is_narrowed(queryset, conditions),
        prefetched=prefetched,
        cached=cache_name,
    )


def _method(name: str) -> str | None:
    return None if name in _PLAIN else name.strip("_")


def _values(queryset: Any) -> str | None:
    """``values`` or ``values_list`` if the queryset yields those: prefetched rows can't."""
    if getattr(queryset, "_fields", None) is None:
        return None
    return "values" if queryset._iterable_class.__name__ == "ValuesIterable" else "values_list"


def relation_kind(owner: type[Model], name: str) -> AccessKind:
    """The kind of the attribute ``name`` on ``owner``; COLLECTION if it can't be told."""
    descriptor = getattr(owner, name, None)
    kinds = {
        "ForwardManyToOneDescriptor": AccessKind.FORWARD,
        "ForwardOneToOneDescriptor": AccessKind.FORWARD,
        "ReverseOneToOneDescriptor": AccessKind.REVERSE_ONE,
        "ManyToManyDescriptor": AccessKind.MANY,
        "GenericForeignKeyDescriptor": AccessKind.GENERIC,
        "GenericForeignKey": AccessKind.GENERIC,
        "ReverseGenericManyToOneDescriptor": AccessKind.GENERIC_COLLECTION,
    }
    for cls in type(descriptor).__mro__:
        if cls.__name__ in kinds:
            return kinds[cls.__name__]
    return AccessKind.COLLECTION
