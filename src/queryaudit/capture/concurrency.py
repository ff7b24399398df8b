"""Carries the scope to where Python does not: threads, executors, and frames of awaiting code."""

from __future__ import annotations

import sys
import threading
from asyncio import BaseEventLoop
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync

from queryaudit.capture.awaiting import awaiting_frames
from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.patching import Patches
from queryaudit.capture.scopes import AWAITING, CURRENT, Ancestor, Scope, entered

_ATTRIBUTE = "_queryaudit_scope"


def install(patches: Patches, files: CodeFiles) -> None:
    _threads(patches, files)
    _executors(patches, files)
    _tasks(patches, files)
    _sync_to_async(patches, files)
    _async_to_sync(patches)


def _threads(patches: Patches, files: CodeFiles) -> None:
    start, bootstrap = threading.Thread.start, threading.Thread._bootstrap_inner  # type: ignore[attr-defined]

    def carrying_start(self: threading.Thread) -> None:
        scope = CURRENT.get()
        if scope is not None:
            setattr(self, _ATTRIBUTE, (scope, _frames(scope, files)))
        start(self)

    def _bootstrap_inner(self: threading.Thread) -> None:
        carried = self.__dict__.pop(_ATTRIBUTE, None)
        if carried is not None:
            CURRENT.set(carried[0])
            AWAITING.set(carried[1])
        bootstrap(self)

    patches.replace(threading.Thread, "start", carrying_start)
    patches.replace(threading.Thread, "_bootstrap_inner", _bootstrap_inner)


def _executors(patches: Patches, files: CodeFiles) -> None:
    original = ThreadPoolExecutor.submit

    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        scope = CURRENT.get()
        if scope is None:
            return original(self, fn, *args, **kwargs)
        frames = _frames(scope, files)
        # A worker outlives the scope that happened to start it: it must inherit none.
        with entered(None):
            return original(self, _carried, scope, frames, fn, *args, **kwargs)

    patches.replace(ThreadPoolExecutor, "submit", submit)


def _tasks(patches: Patches, files: CodeFiles) -> None:
    original = BaseEventLoop.create_task

    def create_task(self: Any, coro: Any, **kwargs: Any) -> Any:
        scope = CURRENT.get()
        if scope is None or kwargs.get("context") is not None:
            return original(self, coro, **kwargs)
        # A task begins with a copy of its maker's context, whose frames it will not have.
        token = AWAITING.set(_frames(scope, files))
        try:
            return original(self, coro, **kwargs)
        finally:
            AWAITING.reset(token)

    patches.replace(BaseEventLoop, "create_task", create_task)


def _frames(scope: Scope, files: CodeFiles) -> tuple[Ancestor, ...]:
    """The project's frames around the call of the function that calls this."""
    try:
        return awaiting_frames(sys._getframe(2), files, scope.base)
    except Exception as ours:  # noqa: BLE001 - the first wall
        scope.recorder.failed("awaiting frames", ours)
        return ()


def _carried(scope: Any, frames: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
    with entered(scope):
        token = AWAITING.set(frames)
        try:
            return fn(*args, **kwargs)
        finally:
            AWAITING.reset(token)


def _sync_to_async(patches: Patches, files: CodeFiles) -> None:
    original = SyncToAsync.__call__

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        scope = CURRENT.get()
        if scope is None:
            return original(self, *args, **kwargs)
        frames = _frames(scope, files)
        return _awaited(original, frames, self, args, kwargs)

    patches.replace(SyncToAsync, "__call__", __call__)


def _async_to_sync(patches: Patches) -> None:
    original = AsyncToSync.__call__

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if CURRENT.get() is None:
            return original(self, *args, **kwargs)
        before = AWAITING.get()
        try:
            return original(self, *args, **kwargs)
        finally:
            # asgiref brings back the context of the loop's thread, which the caller awaited.
            AWAITING.set(before)

    patches.replace(AsyncToSync, "__call__", __call__)


async def _awaited(original: Any, frames: Any, self: Any, args: Any, kwargs: Any) -> Any:
    token = AWAITING.set(frames)
    try:
        return await original(self, *args, **kwargs)
    finally:
        # The coroutine may be finished by another task than the one that began it.
        try:
            AWAITING.reset(token)
        except ValueError:
            pass
