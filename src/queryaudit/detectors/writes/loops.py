"""What else goes on in a loop that writes: whether its writes can be put off to its end."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.loop_text import names_around
from queryaudit.advice.row_writes import RowWrite
from queryaudit.advice.source import expression_at
from queryaudit.detectors.base import View
from queryaudit.detectors.places import function_of
from queryaudit.detectors.transactions.tolerance import is_tolerant
from queryaudit.detectors.writes.calls import Call, Ran
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind

#: Does nothing but tell validators of a password that ``set_password()`` was given.
_OF_USERS = "django.contrib.auth.base_user.AbstractBaseUser.save"


def in_loop(
    write: RowWrite, written: Ran, call: Call, loop: Frame, ran: Sequence[Ran], view: View
) -> RowWrite:
    """``write`` with what is known of the loop's other queries and of the function around it."""
    own = set(map(id, call.ran))
    if write.override == _OF_USERS and not any("set_pass" in line for line in loop.loop_source):
        write = write._replace(override=None)
    if write.bypassed:
        write = _really_bypassed(write, written, call.frames[0])
    others = [one for one in ran if id(one) not in own and _is_in(one, loop)]
    return write._replace(
        names=_names(loop, view),
        free=not any(written.table in one.statement.tables for one in others),
        alone=not any(one.statement.write is not None for one in others),
        atomic=written.commits < written.done,
        untried=not is_tolerant(_within(written.frames, loop), loop, view),
    )


def _within(frames: Sequence[Frame], loop: Frame) -> Sequence[Frame]:
    """Those up to the loop, which may be none of them."""
    return frames[: frames.index(loop) + 1] if loop in frames else ()


def _really_bypassed(write: RowWrite, written: Ran, frame: Frame) -> RowWrite:
    """``write`` without what its call leaves out already: ``QuerySet.update()`` calls no ``save()``
    and sends no signal, ``QuerySet.delete()`` calls no ``delete()`` of a row, and SQL nothing."""
    if write.verb == "DELETE":
        return write._replace(override=None) if written.method == "delete" else write
    by_condition = write.verb == "UPDATE" and write.by != ("pk",)
    if by_condition or _called(frame) in ("update", "aupdate", "execute"):
        return write._replace(signals=(), override=None)
    return write


def _called(frame: Frame) -> str:
    """The method that is called there; empty where that can't be told."""
    text = expression_at(frame)
    node = ast.parse(text, mode="eval").body if text else None
    node = node.value if isinstance(node, ast.Await) else node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr
    return ""


def _is_in(one: Ran, loop: Frame) -> bool:
    """Whether it ran in the rounds, or may have between them, as a generator's queries do."""
    first = loop.loop_line or loop.line
    called = False
    for frame in one.frames:
        if frame.path == loop.path and first <= frame.line < first + len(loop.loop_source):
            is_round = frame.loop_line == first or frame.line > first
            return is_round or (called and one.queries > 1)
        called = called or frame.kind is not FrameKind.LIBRARY
    return False


def _names(loop: Frame, view: View) -> tuple[str, ...] | None:
    function = function_of(loop, view.tables)
    if function is None or loop.loop_line is None:
        return None
    source = FunctionSource(function.first_line, function.lines)
    return names_around(source, loop.loop_line, len(loop.loop_source))
