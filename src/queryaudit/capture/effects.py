"""What code does outside the database while it has a transaction open.

The functions of ``clients`` are replaced, in modules that are imported by the time a transaction
begins. An audit hook would need no list, but it can't be taken out again, and it costs every frame
that is looked at afterwards: a third of a microsecond, for the life of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import inspect
import sys
import time
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import Any
from uuid import UUID

from asgiref.sync import AsyncToSync
from django.db.models import Model

from queryaudit.capture.clients import ENTRIES, LATE, UNHEARD, Entry
from queryaudit.capture.clock import now_ns
from queryaudit.capture.harmless import is_harmless
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import CURRENT, IGNORING, Scope
from queryaudit.capture.transactions import OPEN, Open
from queryaudit.records.events import Effect
from queryaudit.records.kinds import EffectKind, FrameKind

#: A client's call is under way: what it does itself is part of it.
_INSIDE: ContextVar[bool] = ContextVar("queryaudit_effect", default=False)
#: Where a hooked coroutine function keeps its entry.
_ENTRY = "__queryaudit_entry__"
#: Frames looked at for whoever calls a client, and for the rows that it names.
_REACH = 60
_NAMING_FRAMES = 4
_MAX_ARGUMENTS = 20


class Effects:
    """Hooks what is there to be hooked, each function once."""

    def __init__(self, patches: Patches) -> None:
        self._patches = patches
        patches.replace(AsyncToSync, "__call__", _waiting(AsyncToSync.__call__))
        self._waiting = list(ENTRIES)
        self._late = dict(LATE)
        self._modules = 0
        self._sleep, self._async_sleep = time.sleep, asyncio.sleep

    def refresh(self, scope: Scope) -> None:
        """Hook what was imported since; called as a transaction begins."""
        if len(sys.modules) == self._modules:
            return
        for package in [package for package in self._late if package in sys.modules]:
            for module in self._late.pop(package):
                with contextlib.suppress(Exception):  # what it needs is not there: nobody has it
                    importlib.import_module(module)
        self._modules = len(sys.modules)
        for entry in [e for e in self._waiting if e.module in sys.modules]:
            if entry.derived:
                self._hook_derived(entry)  # others may be to come
            else:
                self._waiting.remove(entry)
                self._hook(entry)
        self._hook_imported_sleep(scope)

    def _hook(self, entry: Entry) -> None:
        owner: Any = sys.modules[entry.module]
        *path, name = entry.name.split(".")
        for part in path:
            owner = getattr(owner, part, None)
        original = getattr(owner, name, None)
        if original is None or hasattr(original, "__queryaudit_original__"):
            return
        self._patches.replace(owner, name, _calling(original, entry))

    def _hook_derived(self, entry: Entry) -> None:
        base, _, method = entry.name.rpartition(".")
        classes: list[Any] = [getattr(sys.modules[entry.module], base, None)]
        for cls in classes:
            if isinstance(cls, type):
                classes += cls.__subclasses__()
                original = vars(cls).get(method)
                if original is not None and not hasattr(original, "__queryaudit_original__"):
                    self._patches.replace(cls, method, _calling(original, entry))

    def _hook_imported_sleep(self, scope: Scope) -> None:
        """``from time import sleep`` in the project's modules."""
        files = scope.recorder.files
        for module in list(sys.modules.values()):
            names = getattr(module, "__dict__", None)
            hooked = None if names is None else self._hooked_sleep(names.get("sleep"))
            if names is None or hooked is None:
                continue
            path = names.get("__file__")
            if isinstance(path, str) and files.kind_of_path(path) is not FrameKind.LIBRARY:
                self._patches.replace(module, "sleep", hooked)

    def _hooked_sleep(self, sleep: object) -> Any:
        if sleep is self._sleep:
            return time.sleep
        return asyncio.sleep if sleep is self._async_sleep else None


def _calling(original: Any, entry: Entry) -> Any:
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def awaiting(*arguments: Any, **named: Any) -> Any:
            call = _begin(entry, arguments, named)
            if call is None:
                return await original(*arguments, **named)
            try:
                return await original(*arguments, **named)
            finally:
                call.end()

        awaiting.__dict__[_ENTRY] = entry
        return awaiting

    @functools.wraps(original)
    def calling(*arguments: Any, **named: Any) -> Any:
        call = _begin(entry, arguments, named)
        if call is None:
            return original(*arguments, **named)
        try:
            return original(*arguments, **named)
        finally:
            call.end()

    return calling


def _waiting(original: Any) -> Any:
    """``async_to_sync(client.send)()`` is a call of the client, though no frame leads to it."""

    def __call__(self: Any, *arguments: Any, **named: Any) -> Any:
        function = self.awaitable
        entry = getattr(getattr(function, "__func__", function), _ENTRY, None)
        call = None if entry is None else _begin(entry, (self, *arguments), named)
        if call is None:
            return original(self, *arguments, **named)
        try:
            return original(self, *arguments, **named)
        finally:
            call.end()

    return __call__


class _Call:
    """A client's call under way."""

    __slots__ = ("client", "held", "kind", "rows", "scope", "stack", "started", "token")

    def __init__(
        self,
        scope: Scope,
        held: tuple[Open, ...],
        entry: Entry,
        client: str,
        stack: int,
        rows: tuple[str, ...],
    ) -> None:
        self.scope = scope
        self.held = held
        self.kind = entry.kind
        self.client = client
        self.stack = stack
        self.rows = rows
        self.started = now_ns()
        self.token = _INSIDE.set(True)

    def end(self) -> None:
        try:
            try:
                _INSIDE.reset(self.token)
            except ValueError:  # finished in another context than it began in
                _INSIDE.set(False)
            recorder = self.scope.recorder
            ignoring = IGNORING.get()
            duration = now_ns() - self.started
            for held in () if self.scope.ended else self.held:
                recorder.note(
                    Effect(
                        self.scope.id, held.id, self.kind, self.client, self.started, duration,
                        self.stack, self.rows,
                        None if ignoring is None else recorder.ignores.id(ignoring),
                    ),
                )  # fmt: skip
        except Exception as ours:  # noqa: BLE001 - the first wall
            self.scope.recorder.failed("effects", ours)


def _begin(entry: Entry, arguments: tuple[Any, ...], named: dict[str, Any]) -> _Call | None:
    """The call to note, if one is to be noted."""
    held = OPEN.get()
    if not held or _INSIDE.get():
        return None
    scope = CURRENT.get()
    if scope is None or not scope.judged:
        return None
    try:
        held = tuple(one for one in held if not one.ended)
        if not held or is_harmless(entry, arguments, named):
            return None
        found = _caller(sys._getframe(2), entry, scope)
        if found is None:
            return None
        client, frame = found
        stack = scope.recorder.callers.stack(f"{entry.module}.{entry.name}", scope)
        rows = _named_rows(frame, arguments, named) if entry.kind is EffectKind.PUBLISH else ()
        return _Call(scope, held, entry, entry.client or client, stack, rows)
    except Exception as ours:  # noqa: BLE001 - the first wall
        scope.recorder.failed("effects", ours)
        return None


def _caller(frame: FrameType | None, entry: Entry, scope: Scope) -> tuple[str, FrameType] | None:
    """The package that the project called, and the project's frame; None: nobody's concern."""
    files = scope.recorder.files
    package = entry.module.partition(".")[0]
    for passed in range(_REACH):
        if frame is None:
            return None
        code = frame.f_code
        if files(code.co_filename).kind is not FrameKind.LIBRARY:
            return package, frame
        if entry.direct and passed:
            return None
        if _is_unheard(code):
            return None
        package = frame.f_globals.get("__name__", package).partition(".")[0]
        frame = frame.f_back
    return None


def _is_unheard(code: CodeType) -> bool:
    name = code.co_filename.replace("\\", "/")
    return any(part in name for part in UNHEARD)


def _named_rows(
    frame: FrameType, arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[str, ...]:
    """Models of which a row known to the caller has its key, or is itself, in what is published."""
    values = {*_flat((arguments[1:], named))} - {None}
    found: set[str] = set()
    outer: FrameType | None = frame
    for _ in range(_NAMING_FRAMES):
        if outer is None:
            break
        for value in list(outer.f_locals.values()):
            # The type is asked, as isinstance() would load a lazy object.
            if issubclass(type(value), Model):
                key = value.__dict__.get(type(value)._meta.pk.attname)
                if key is not None and {_plain(key), id(value)} & values:
                    found.add(type(value)._meta.label)
        outer = outer.f_back
    return tuple(sorted(found))


def _flat(value: Any, depth: int = 6) -> list[object]:
    """The plain values in arguments, whatever they are packed in."""
    kind = type(value)
    if depth == 0:
        return []
    if issubclass(kind, dict):
        value = [*value.values()]
    if issubclass(kind, list | tuple | set | dict):
        return [one for item in [*value][:_MAX_ARGUMENTS] for one in _flat(item, depth - 1)]
    return [id(value)] if issubclass(kind, Model) else [_plain(value)]


def _plain(value: Any) -> str | None:
    """A key as it may stand in a message."""
    return str(value) if type(value) in (str, int, UUID) else None
