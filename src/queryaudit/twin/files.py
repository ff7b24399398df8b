"""Gives the files of empty tables and indexes the size that those of production have.

The planner asks the file system how many blocks a table has. The files are sparse: a table of 27 GB
takes next to no room. Only for a server of ours, whose tables are never read.
"""

from __future__ import annotations

import os
from pathlib import Path

BLOCK = 8192
#: A relation's files are cut at a gigabyte.
_SEGMENT = 1 << 30


def resize(path: Path, blocks: int) -> None:
    """Make the relation at ``path`` so many blocks long, whatever it was."""
    size = blocks * BLOCK
    owner = path.stat()
    number = 0
    while True:
        segment = path if number == 0 else path.with_name(f"{path.name}.{number}")
        length = min(max(size - number * _SEGMENT, 0), _SEGMENT)
        if number and not length:
            if not segment.exists():
                return
            segment.unlink()
        else:
            if not segment.exists():
                segment.touch(mode=owner.st_mode & 0o777)
                if os.geteuid() == 0:
                    os.chown(segment, owner.st_uid, owner.st_gid)
            os.truncate(segment, length)
        number += 1


def blocks_of(path: Path) -> int:
    """How many blocks the relation at ``path`` has."""
    total, number = 0, 0
    while True:
        segment = path if number == 0 else path.with_name(f"{path.name}.{number}")
        if not segment.exists():
            return total // BLOCK
        total += segment.stat().st_size
        number += 1
