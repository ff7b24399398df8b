"""What trials found, written down as they end: a run that breaks off goes on from there.

A line for each trial, or for what planning one cost, with names of indexes, fingerprints of
statements and times; no value and no text of a statement. A line that was torn is not there. A
trial is known again by what it tried, which indexes stood beside it, and about how many rows the
table had.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_SCHEMA = "queryaudit-advise/1"
#: What a trial is known by.
Key = Sequence[str]


class Journal:
    """``path`` None: nothing is kept. ``about`` says what the findings are of; a journal about
    anything else is begun anew. Never raises: without a journal there is nothing to go on from."""

    def __init__(self, path: Path | None = None, about: str = "") -> None:
        self.path = path
        self.error = ""
        self._known: dict[tuple[str, ...], Mapping[str, Any]] = {}
        self._head = json.dumps([_SCHEMA, about])
        if path is not None:
            self._open(path)

    @property
    def found(self) -> int:
        """How many trials are known."""
        return len(self._known)

    def recall(self, key: Key) -> Mapping[str, Any] | None:
        return self._known.get(tuple(key))

    def each(self, stage: str) -> list[Mapping[str, Any]]:
        """All that was kept under keys that begin with ``stage``, in its order."""
        return [found for key, found in self._known.items() if key[:1] == (stage,)]

    def keep(self, key: Key, found: Mapping[str, Any]) -> None:
        self._known[tuple(key)] = found
        self._write("a", json.dumps([[*key], found]))

    def remove(self) -> None:
        """All was done: there is nothing to go on with."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()

    def _open(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            lines = []
        if lines[:1] != [self._head]:
            return self._write("w", self._head)
        for line in lines[1:]:
            try:
                key, found = json.loads(line)
                self._known[tuple(key)] = found
            except (TypeError, ValueError):
                continue  # torn, or empty
        if lines[-1]:
            self._write("a", "")  # what follows stands on a line of its own

    def _write(self, mode: str, line: str) -> None:
        if self.path is None or self.error:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open(mode, encoding="utf-8") as file:
                file.write(f"{line}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self.error = error.strerror or type(error).__name__
