"""Changes to source text that keep its layout: where a call or an argument goes.

All offsets are bytes of the unchanged text; changes are collected and applied together.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from queryaudit.advice.chains import Link
from queryaudit.advice.source import Source, Span

_COMMENT = re.compile(rb"#[^\n]*")


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """Replace the bytes from ``start`` to ``end``; equal to insert."""

    start: int
    end: int
    text: bytes


def apply_changes(text: bytes, changes: Sequence[Change]) -> bytes | None:
    """The changed text; None if changes overlap."""
    parts: list[bytes] = []
    position = 0
    for change in sorted(changes):
        if change.start < position:
            return None
        parts += [text[position : change.start], change.text]
        position = change.end
    return b"".join([*parts, text[position:]])


def append_links(
    source: Source, end: int, near: Sequence[Link], calls: Sequence[str]
) -> list[Change]:
    """Calls after the link that ends at ``end``, laid out as the links ``near`` are."""
    texts = [call.encode() for call in calls]
    indent = next((found for link in near if (found := _own_line(source, link))), None)
    if indent is None:
        return [Change(end, end, b"".join(texts))]
    if source.ends_line(end):
        end = source.line_end(end)
    return [Change(end, end, b"".join(b"\n" + indent + text for text in texts))]


def remove_link(source: Source, link: Link, instead: str = "") -> Change:
    """Take a call out of its chain, with its line if it has one of its own."""
    if instead:
        start = source.text.rfind(b".", link.start, link.name_start)
        return Change(start, link.end, instead.encode())
    if _own_line(source, link) is not None:
        return Change(source.line_start(link.name_start) - 1, link.end, b"")
    return Change(source.text.rfind(b".", link.start, link.name_start), link.end, b"")


def insert_arguments(source: Source, call: ast.Call, codes: Sequence[str]) -> list[Change] | None:
    """Arguments after a call's last one; None where that can't be done in place."""
    whole = source.span(call)
    if whole is None or call.keywords:
        return None
    texts = [code.encode() for code in codes]
    if not call.args:
        if not source.text[: whole.end].endswith(b"()"):
            return None
        return [Change(whole.end - 1, whole.end - 1, b", ".join(texts))]
    last = source.span(call.args[-1])
    if last is None:
        return None
    tail = _COMMENT.sub(b"", source.text[last.end : whole.end])
    closing = b"".join(tail.split())
    if closing not in (b")", b",)"):
        return None
    indent = source.indent_before(last.start)
    if indent is None or b"\n" not in tail:
        return [Change(last.end, last.end, b"".join(b", " + text for text in texts))]
    if closing == b",)":
        comma = source.text.index(b",", last.end)
        if not source.ends_line(comma + 1):
            return None
        end = source.line_end(comma)
        return [Change(end, end, b"".join(b"\n" + indent + text + b"," for text in texts))]
    end = source.line_end(last.end)
    lines = (b",\n" + indent).join(texts)
    return [Change(last.end, last.end, b","), Change(end, end, b"\n" + indent + lines)]


def insert_before(source: Source, argument: ast.expr, code: str) -> list[Change] | None:
    """An argument before another one."""
    span = source.span(argument)
    if span is None:
        return None
    indent = source.indent_before(span.start)
    separator = b", " if indent is None else b",\n" + indent
    return [Change(span.start, span.start, code.encode() + separator)]


def remove_arguments(
    source: Source, call: ast.Call, dropped: Sequence[ast.expr]
) -> list[Change] | None:
    """Take some, not all, of a call's positional arguments out."""
    spans: list[Span] = []
    for argument in call.args:
        span = source.span(argument)
        if span is None:
            return None
        spans.append(span)
    kept = [index for index, argument in enumerate(call.args) if argument not in dropped]
    if not kept:
        return None
    changes = [
        Change(spans[index].start, spans[index + 1].start, b"")
        for index in range(kept[-1])
        if index not in kept
    ]
    if kept[-1] + 1 < len(spans):
        changes.append(Change(spans[kept[-1]].end, spans[-1].end, b""))
    return changes


def _own_line(source: Source, link: Link) -> bytes | None:
    """The indentation of a link whose dot begins a line inside brackets."""
    start = source.line_start(link.name_start)
    before = source.text[start : link.name_start]
    if not link.name or before.strip() != b"." or start == 0:
        return None
    if source.text[: start - 1].endswith(b"\\"):
        return None
    return before[: before.index(b".")]
