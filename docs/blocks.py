"""Generated blocks in pages that are written by hand, between two comments."""

from __future__ import annotations


def replaced(text: str, name: str, content: str) -> str:
    """``text`` with ``content`` between its ``begin`` and ``end`` comments called ``name``.

    RuntimeError if it has no such comments.
    """
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise RuntimeError(f"There is no block between {begin} and {end}.")
    return f"{before}{begin}\n{content}\n{end}{after}"
