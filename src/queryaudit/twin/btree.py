"""Gives an empty B-tree the height that it would have with production's rows.

The planner charges the descent by the height that the index's first page states. So that nothing
which follows it goes astray, there is a chain of pages from that root to an empty leaf: each inner
page has one downlink and no key. The layout is that of PostgreSQL 12 to 18 (``nbtree.h``).
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

from queryaudit.twin.files import BLOCK

_MAGIC = 0x053162
_META = struct.Struct("=IIIIII")  # magic, version, root, level, fast root, its level
_CONTENTS = 24
_SPECIAL = BLOCK - 16
_LEAF, _ROOT = 1, 2
_FILLED = 0.7  # of an inner page
_NO_KEYS = 0x2000 | 8  # an inner tuple of eight bytes, with no attribute


def height(blocks: int, width: float) -> int:
    """The level of the root of an index of so many blocks, whose keys have so many bytes."""
    fanout = max(2.0, _SPECIAL * _FILLED / (8 + _aligned(width) + 4))
    pages, level = max(blocks - 1, 1), 0
    while pages > 1:
        pages = math.ceil(pages / fanout)
        level += 1
    return level


def raise_to(path: Path, level: int) -> None:
    """Write the first pages of the empty index at ``path``; other kinds of index are left alone."""
    with path.open("r+b") as file:
        page = bytearray(file.read(BLOCK))
        if level < 1 or len(page) < BLOCK:
            return
        magic, version, root, *_ = _META.unpack_from(page, _CONTENTS)
        if (magic, version, root) != (_MAGIC, 4, 0):
            return
        top = level + 1
        _META.pack_into(page, _CONTENTS, magic, version, top, level, top, level)
        file.seek(0)
        file.write(page)
        file.write(_leaf())
        for number in range(1, top):
            file.write(_inner(number, child=number, is_root=number == level))


def _leaf() -> bytes:
    return _page(b"", b"", level=0, flags=_LEAF)


def _inner(level: int, *, child: int, is_root: bool) -> bytes:
    """A page whose one tuple leads to block ``child``."""
    place = _SPECIAL - 8
    item = struct.pack("=I", place | 1 << 15 | 8 << 17)
    link = struct.pack("=HHHH", child >> 16, child & 0xFFFF, 0, _NO_KEYS)
    return _page(item, link, level=level, flags=_ROOT if is_root else 0)


def _page(items: bytes, tuples: bytes, *, level: int, flags: int) -> bytes:
    lower, upper = _CONTENTS + len(items), _SPECIAL - len(tuples)
    header = struct.pack("=QHHHHHHI", 0, 0, 0, lower, upper, _SPECIAL, BLOCK | 4, 0)
    special = struct.pack("=IIIHH", 0, 0, level, flags, 0)
    return header + items + bytes(upper - lower) + tuples + special


def _aligned(width: float) -> int:
    return max(8, -(-round(width) // 8) * 8)
