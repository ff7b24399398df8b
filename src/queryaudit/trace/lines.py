"""Bytes to lines, plain or gzip, as far as they go.

The standard gzip reader throws away what it has decoded when the file ends early. A trace of a
killed process is most often such a file, so it is decompressed here piece by piece.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
_PIECE = 1 << 16


class TornError(Exception):
    """The compressed data ended early or is damaged."""


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    for piece in pieces:
        rest = piece
        while rest:
            if inflate.eof:
                inflate = zlib.decompressobj(_GZIP_WINDOW)
            try:
                yield inflate.decompress(rest)
            except zlib.error as error:
                raise TornError from error
            rest = inflate.unused_data
    if not inflate.eof:
        raise TornError


def _unpacked(stream: BinaryIO) -> Iterator[bytes]:
    first = stream.read(2)
    pieces = _prefixed(first, _pieces(stream))
    is_gzip = first != b"" and _GZIP_MAGIC.startswith(first)
    return _inflated(pieces) if is_gzip else pieces


def _prefixed(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends. The last one lacks it, or is followed by TornError, if cut off."""
    tail = b""
    torn: TornError | None = None
    try:
        for piece in _unpacked(stream):
            whole, newline, rest = piece.rpartition(b"\n")
            if not newline:
                tail += rest
                continue
            for line in (tail + whole).split(b"\n"):
                yield line + b"\n"
            tail = rest
    except TornError as error:
        torn = error
    if tail:
        yield tail
    if torn is not None:
        raise torn
