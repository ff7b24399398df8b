"""Whether what is done in a loop's round may fail: the source has a ``try`` around it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from textwrap import dedent

from queryaudit.detectors.base import View
from queryaudit.detectors.places import function_of
from queryaudit.records.definitions import Frame


def is_tolerant(frames: Sequence[Frame], loop: Frame, view: View) -> bool:
    """``frames`` lead from where something is done to ``loop``, which is one of them.

    A ``try`` around the loop itself is none: the rounds before the one that failed are lost.
    """
    for frame in frames:
        at_loop = frame is loop
        lines, first = _source(frame, view, at_loop=at_loop)
        if _is_tried(lines, frame.line - first + 1):
            return True
        if at_loop:
            return False
    return False


def _source(frame: Frame, view: View, *, at_loop: bool) -> tuple[Sequence[str], int]:
    """The lines that are known of the loop, or of the function, and the first one's number."""
    if at_loop and frame.loop_source:
        return frame.loop_source, frame.loop_line or frame.line
    function = function_of(frame, view.tables)
    if function is not None and not at_loop:
        return function.lines, function.first_line
    return frame.snippet, frame.snippet_line or frame.line


def _is_tried(lines: Sequence[str], line: int) -> bool:
    """Whether line number ``line``, from 1, stands in a ``try`` that catches something."""
    try:
        tree = ast.parse(dedent("\n".join(lines)))
    except (SyntaxError, ValueError, RecursionError):
        # A piece of a function: the word has to do.
        return any(text.strip() == "try:" for text in lines[: max(0, line)])
    return any(
        isinstance(node, ast.Try)
        and bool(node.handlers)
        and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0)
        for node in ast.walk(tree)
    )
