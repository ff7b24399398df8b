"""Whether a row that is asked for by its key is there already, in a variable of whoever asks.

Looked at once for each call site in a unit of work, where a statement may ask for one row by its
key: nothing is kept of any row, and other queries cost nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Model

from queryaudit.capture import hydration
from queryaudit.records.events import Held
from queryaudit.records.kinds import AccessKind, FrameKind

if TYPE_CHECKING:
    from queryaudit.capture.recall import Site
    from queryaudit.capture.recorder import Recorder
    from queryaudit.capture.scopes import Scope

#: The project's frames that are looked into, from the call outwards.
_FRAMES = 4
#: Variables whose attributes are looked at as well, and attributes with attributes of their own.
_HOLDERS = frozenset({"self", "request", "info"})
_INNER = frozenset({"request", "_request"})
#: Rows that are changed perhaps, with what they refer to.
_CHANGING = frozenset({"self", "instance"})
#: What Django's user is kept under.
_USERS = frozenset({"user", "_user", "_cached_user", "auser"})
#: A frame's variables are a dict of their own, not a module's or a class's.
_OPTIMIZED = 0x1
#: Before, a frame keeps the dict in which its variables were shown, and with it its rows; and
#: ``locals()`` is that dict.
_SHOWS_COPIES = sys.version_info < (3, 13)


def look(
    recorder: Recorder,
    scope: Scope,
    statement: int,
    site: Site,
    params: Any,
    token: object,
    alias: str,
) -> None:
    """Write down who holds the row that is asked for at ``site``, right below the caller."""
    cause = site.cause
    if cause is None or cause.target is None or len(params or ()) != 1:
        return
    if cause.step is not None and cause.step.kind is not AccessKind.FORWARD:
        return
    try:
        key = _plain(next(iter(params)))
        frames = _frames(recorder, site, sys._getframe(1))
        found = _held(frames, cause.target, key, alias) if key is not None else None
        if found is None:
            return
        name, code, row = found
        lineage = hydration.lineage_of(row)
        if lineage is None or lineage.owner is not token:
            return
        held = Held(scope.id, statement, site.stack, lineage.origin, name, code.co_name)
        recorder.note(held, site.stack)
    except Exception as ours:  # noqa: BLE001 - the first wall
        recorder.failed("held", ours)


def _frames(recorder: Recorder, site: Site, frame: FrameType) -> Iterator[FrameType]:
    """The project's frames on the way to ``frame``; those of a test where it asks itself."""
    kind = None
    seen = depth = 0
    steps = [(site.depth, site.code), *[(d, code) for d, code, _ in site.callers]]
    at: FrameType | None = frame
    for wanted, code in steps:
        # Depths count from a function that the frame's own called.
        while at is not None and depth < wanted - 1:
            at = at.f_back
            depth += 1
        if at is None or at.f_code is not code:
            return
        file = recorder.files(at.f_code.co_filename)
        if file.kind is FrameKind.LIBRARY or (kind is not None and file.kind is not kind):
            continue
        kind = file.kind
        yield at
        seen += 1
        if seen == _FRAMES:
            return


def _held(
    frames: Iterator[FrameType], label: str, key: str, alias: str
) -> tuple[str, CodeType, Model] | None:
    for frame in frames:
        code = frame.f_code
        if not code.co_flags & _OPTIMIZED or (_SHOWS_COPIES and "locals" in code.co_names):
            continue
        names = frame.f_locals
        for name, row in _rows(names):
            if _is_meant(row, label, key, alias):
                found = name, code, row
                break
        else:
            found = None
        if _SHOWS_COPIES:
            names.clear()
        if found is not None:
            return found
    return None


def _rows(names: Mapping[str, Any]) -> Iterator[tuple[str, Model]]:
    """Rows in variables, those that came with them, and in attributes of what usually has some."""
    values = list(names.items())
    rows = [(name, row) for name, value in values if (row := _row(value)) is not None]
    yield from rows
    for name, row in rows:
        if name not in _CHANGING:
            yield from _related(name, row)
    for name, value in values:
        if name in _HOLDERS:
            yield from _attributes(name, value)


def _related(name: str, row: Model) -> Iterator[tuple[str, Model]]:
    """What a row was loaded with, or has loaded since."""
    for field, value in list(getattr(row._state, "fields_cache", {}).items()):
        related = _row(value)
        if related is not None:
            yield f"{name}.{field}", related


def _attributes(owner: str, value: Any) -> Iterator[tuple[str, Model]]:
    if issubclass(type(value), Model):
        return  # its relations are the finding of others
    for name, inner in list(getattr(value, "__dict__", {}).items()):
        row = _row(inner)
        if row is not None:
            yield f"{owner}.{'user' if name in _USERS else name}", row
        elif name in _INNER:
            yield from _attributes(f"{owner}.request" if owner != "request" else owner, inner)


def _row(value: Any) -> Model | None:
    """The type is asked, as isinstance() would load a lazy object."""
    if type(value).__name__ in ("SimpleLazyObject", "UserLazyObject"):
        value = value.__dict__.get("_wrapped")
    return value if issubclass(type(value), Model) else None


def _is_meant(row: Model, label: str, key: str, alias: str) -> bool:
    options = type(row)._meta
    values = row.__dict__
    return (
        options.label == label
        and options.pk is not None
        and _plain(values.get(options.pk.attname)) == key
        and row._state.db == alias
        and all(field.attname in values for field in options.concrete_fields)
    )


def _plain(value: Any) -> str | None:
    """A key as every database spells it."""
    if type(value) is UUID:
        return value.hex
    return str(value) if type(value) in (str, int) else None
