"""Relations that are read for nothing but their key, which the row has itself."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from queryaudit.advice.edits import edit_between
from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.layout import Change, apply_changes
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Edit


@dataclass(frozen=True, slots=True)
class KeyRead:
    code: str  #: ``book.author_id``
    edit: Edit


def key_read(
    frame: Frame, source: FunctionSource, relation: str, column: str, keys: Collection[str]
) -> KeyRead | None:
    """``book.author.pk`` as ``book.author_id`` in all of the function around the frame.

    ``keys``: the names of the key of what ``relation`` leads to; ``column``: the attribute of the
    row that has it too. None where the function reads anything else of what it leads to, or where
    it can't be told. Never raises.
    """
    if not any(f".{relation}." in line for line in source.lines):
        return None
    parsed = source.parsed()
    if parsed is None:
        return None
    text, tree = parsed
    lines = source.lines_at(frame.line, frame.end_line)
    outer = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    reads = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == relation]
    bases = {ast.dump(n.value) for n in reads if n.lineno in lines}
    if len(bases) != 1:
        return None
    reads = [n for n in reads if ast.dump(n.value) in bases]
    # Before Python 3.12 the positions of what stands in an f-string are wrong.
    strings = (n for n in ast.walk(tree) if isinstance(n, ast.JoinedStr))
    if {part for string in strings for part in ast.walk(string)} & set(reads):
        return None
    whole = [outer.get(read) for read in reads]
    if not all(
        isinstance(node, ast.Attribute) and node.attr in keys and isinstance(node.ctx, ast.Load)
        for node in whole
    ):
        return None
    encoded = text.encode().split(b"\n")
    starts = [0]
    for line in encoded:
        starts.append(starts[-1] + len(line) + 1)
    changes = []
    for read, node in zip(reads, whole, strict=True):
        assert isinstance(node, ast.Attribute)
        base = starts[(read.value.end_lineno or 0) - 1] + (read.value.end_col_offset or 0)
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        changes.append(Change(base, end, f".{column}".encode()))
    new = apply_changes(text.encode(), changes)
    if new is None:
        return None
    # The first line is the parser's.
    after = new.decode().split("\n")[1:]
    edit = edit_between(frame.path, source.first_line, source.lines, after)
    return KeyRead(f"{ast.unparse(reads[0].value)}.{column}", edit)
