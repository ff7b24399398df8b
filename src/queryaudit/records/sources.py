"""What a trace has of the project's files, for edits to be written without them."""

from __future__ import annotations

from typing import NamedTuple


class FileHead(NamedTuple):
    """What a file imports at its top, and what it defines: an edit can use no other names."""

    path: str
    first_line: int  #: of ``lines``; without any, the line before which an import goes
    lines: tuple[str, ...]  #: from the first of the imports to the last, as they stand
    names: tuple[str, ...]  #: of the module's functions, classes and variables
