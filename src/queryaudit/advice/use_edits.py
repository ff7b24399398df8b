"""What is written differently where rows are used, once their queryset brings the answer along."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from queryaudit.advice.chains import Chain, find_chains
from queryaudit.advice.layout import Change
from queryaudit.advice.narrowing import FOR_EACH
from queryaudit.advice.source import Source, read_source
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind


@dataclass(frozen=True, slots=True)
class UseChange:
    """``row.reviews.count()`` becomes ``row.reviews_count``."""

    path: tuple[str, ...]  #: of the relation, from the source's rows
    method: str | None
    narrowed: bool
    #: The attribute that takes the place; empty where no edit can tell what is to be written.
    attribute: str
    form: str = "{}"


def use_changes(frame: Frame, change: UseChange) -> tuple[Source, list[Change]] | None:
    """The changes of the expression at the frame; None if it can't be told for certain."""
    if frame.kind not in (FrameKind.PROJECT, FrameKind.TEST) or not change.attribute:
        return None
    source = read_source(frame)
    if source is None or not source.exact:
        return None
    name = change.path[-1]
    chains = [
        chain
        for chain in find_chains(source)
        if chain.span.meets(source.focus) and chain.links[0].name == name
    ]
    if len(chains) != 1:
        return None
    [chain] = chains
    end = _end(chain, change)
    if end is None or chain.root_name in ("", "self", "cls") or _is_awaited(source, chain):
        return None
    new = change.form.format(f"{chain.root_name}.{change.attribute}").encode()
    old = source.text[chain.span.start : end]
    # The same is asked elsewhere in the statement, for the same row.
    starts = sorted({other.span.start for other in find_chains(source)})
    places = [at for at in starts if source.text[at : at + len(old)] == old]
    return source, [Change(at, at + len(old), new) for at in places]


def _end(chain: Chain, change: UseChange) -> int | None:
    """Where the part of the chain ends that asks."""
    links = chain.links
    if links[0].call is not None:
        return None
    for index, link in enumerate(links[1:], 1):
        before = links[index - 1].end
        if change.method == "getitem" and link.subscript:
            return before if index > 1 else None
        if link.call is None:
            return None
        if link.name == change.method:
            return None if link.call.args or link.call.keywords else link.end
        if link.name not in FOR_EACH:
            return None
    return links[-1].end if change.method is None and len(links) > 1 else None


def _is_awaited(source: Source, chain: Chain) -> bool:
    return any(
        isinstance(node, ast.Await) and source.span(node.value) == chain.span
        for node in ast.walk(source.tree)
    )


def together(parts: Sequence[tuple[Source, list[Change]]]) -> list[tuple[Source, list[Change]]]:
    """Changes of one file; sources that overlap become one that has the lines of all."""
    merged: list[tuple[Source, list[Change]]] = []
    for source, changes in sorted(parts, key=lambda part: part[0].first_line):
        last = merged[-1][0] if merged else None
        if last is None or source.first_line >= last.first_line + len(last.starts) - 1:
            merged.append((source, [*changes]))
            continue
        lines = last.text.split(b"\n")[:-1]
        offset = last.starts[source.first_line - last.first_line]
        lines += source.text.split(b"\n")[len(lines) - (source.first_line - last.first_line) : -1]
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)
        whole = Source(
            b"".join(line + b"\n" for line in lines), last.first_line, tuple(starts), last.tree,
            last.shift, last.focus, last.exact,
        )  # fmt: skip
        moved = [Change(c.start + offset, c.end + offset, c.text) for c in changes]
        merged[-1] = (whole, [*merged[-1][1], *(c for c in moved if c not in merged[-1][1])])
    return merged
