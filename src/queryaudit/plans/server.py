"""A database to which plans' questions are put, whatever connection stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

Row = Sequence[Any]


_PATIENCE = 6


class Limits(NamedTuple):
    """How long one explanation may take, and wait for locks."""

    statement_ms: int = 5_000
    lock_ms: int = 500

    def planning(self) -> Limits:
        """What planning alone may take: it reads no table, so only a busy machine makes it slow."""
        return Limits(self.statement_ms * _PATIENCE, self.lock_ms * _PATIENCE)


class Server(Protocol):
    """One connection. Statements run between ``guarded()`` and its end, which undoes them."""

    vendor: str

    def run(self, sql: str, params: Any = None) -> list[Row]:
        """Execute and fetch all; what the driver raises passes through."""

    def guarded(self, limits: Limits) -> AbstractContextManager[None]:
        """A place in which nothing can be written, nothing takes long, and nothing stays."""


class RefusedError(Exception):
    """The server would not plan a statement; the text is one line, without values."""


#: What the names of a driver's errors mean to who meets them here.
_MEANINGS = {
    "DiskFull": "the disk is full",
    "InsufficientPrivilege": "the user may not read it",
    "LockNotAvailable": "somebody else has locked it",
    "OutOfMemory": "the server has no memory left",
    "QueryCanceled": "it took too long",
    "ReadOnlySqlTransaction": "nothing can be built there",
}


def first_line(error: BaseException) -> str:
    """The kind of an error, as far as it holds no value: drivers quote what they were given."""
    if isinstance(error, RefusedError):
        return str(error)
    name = type(error).__name__
    return f"{name}, {_MEANINGS[name]}" if name in _MEANINGS else name
