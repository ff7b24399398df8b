"""Calls of clients that keep nobody waiting: to sleep for nothing, to write a small file."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from queryaudit.capture.clients import Entry
from queryaudit.records.kinds import EffectKind

#: Bytes of a file from which on writing it counts: what Django writes in more than one piece.
LARGE_FILE = 64 * 1024
#: Files that know their size without being changed by the question.
_OPENED = (io.BufferedReader, io.BufferedRandom, io.FileIO, io.TextIOWrapper)


def is_harmless(entry: Entry, arguments: Sequence[Any], named: Mapping[str, Any]) -> bool:
    """Looks at arguments, and reads nothing of what they stand for."""
    if entry.kind is EffectKind.SLEEP:
        return not arguments or not isinstance(arguments[0], int | float) or arguments[0] <= 0
    if entry.content is not None:
        position, name = entry.content
        given = arguments[position] if len(arguments) > position else named.get(name)
        return _bytes(given, path=entry.module == "shutil") < LARGE_FILE
    if entry.module == "socket":
        family = getattr(arguments[0], "family", None)
        return family not in (socket.AF_INET, socket.AF_INET6)
    # Tasks that are rows of a database are committed with the others.
    return entry.kind is EffectKind.PUBLISH and "Database" in type(arguments[0]).__name__


def _bytes(value: Any, *, path: bool) -> int:
    """How much is written; 0 where nobody could say without reading it."""
    if path:
        return os.stat(value).st_size if os.path.isfile(value) else 0
    if isinstance(value, str | bytes | bytearray | memoryview):
        return len(value)
    for _ in range(3):  # Django's file around one that is named, around one of the system
        known = getattr(value, "__dict__", {})
        size = known.get("size")
        if isinstance(size, int):
            return size
        if type(value) in _OPENED:
            return os.fstat(value.fileno()).st_size
        if type(value) is io.BytesIO:
            return value.getbuffer().nbytes
        value = known.get("file") or known.get("_file")
    return 0
