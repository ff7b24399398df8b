"""Whether the two places of a repeated question belong to one piece of work, and what repeats."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence

from queryaudit.advice.loop_bodies import WRITING, method_of
from queryaudit.advice.loops import names_in, read_loop
from queryaudit.advice.source import expression_at, read_source, statement_at
from queryaudit.detectors.base import View
from queryaudit.detectors.duplicates.asked import Repeat
from queryaudit.detectors.n_plus_one.rounds import is_constant_loop
from queryaudit.detectors.places import caller_of
from queryaudit.records.definitions import Frame, Stack
from queryaudit.records.kinds import FrameKind, ScopeKind

#: Locks leave no trace in the text where the database has none, as SQLite.
_AGAIN_ON_PURPOSE = re.compile(r"\ba?refresh_from_db\(|\bselect_for_update\(|\bsleep\(")

#: What puts a task in a queue: Celery's, Django's, those of django-q, huey, dramatiq and RQ.
_QUEUED = re.compile(
    r"\.(delay|delay_on_commit|apply_async|a?enqueue|send_with_options|schedule)\("
    r"|\b(async_task|AsyncTask|async_chain|AsyncChain)\("
)

#: Without statements of the project's own.
_WRITES = WRITING - {"execute"}


def site(stack: Stack) -> Frame | None:
    """The innermost frame, which is where the question stands: in a template too."""
    return next((f for f in stack.frames if f.kind is not FrameKind.LIBRARY), None)


def asked_at(stack: Stack, repeat: Repeat, view: View) -> Frame | None:
    """The same; of SQL that a function of the project only hands on, whoever wrote it."""
    return caller_of(stack.frames, view.tables) if repeat.access is None else site(stack)


def is_one_piece(first: Stack, again: Stack, view: View) -> bool:
    """Whether both were asked for one purpose: a test calls what it tests more than once, and a
    task that runs at once in tests is another process's elsewhere."""
    if _is_of_tasks(first, again):
        return False
    if view.scope.kind is not ScopeKind.TEST:
        return True
    if first == again:
        loop = turning(again.frames)
        return loop is not None and loop.kind in view.own
    calls = _test_calls(first.frames)
    return bool(calls) and calls == _test_calls(again.frames)


def _is_of_tasks(first: Stack, again: Stack) -> bool:
    """Whether one of them, or each for itself, was asked by a task that the code put in a queue."""
    inner, other = first.frames, again.frames
    if first == again:
        loop = turning(inner)
        return any(map(_queues, inner[: inner.index(loop) + 1] if loop is not None else inner))
    shared = 0
    for one, two in zip(reversed(inner), reversed(other), strict=False):
        if (one.path, one.line, one.column) != (two.path, two.line, two.column):
            break
        shared += 1
    apart = (*inner[: len(inner) - shared], *other[: len(other) - shared])
    return any(map(_queues, apart))


def _queues(frame: Frame) -> bool:
    if not any(map(_QUEUED.search, frame.snippet)):
        return False
    return _QUEUED.search(statement_at(frame) or "") is not None


def _test_calls(frames: Sequence[Frame]) -> list[tuple[str, int, int | None]]:
    """Where the test stands until it calls what it tests; none if it may have called twice.

    A helper of the test that calls it from two of its lines has called it twice.
    """
    calls = []
    for frame in reversed(frames):
        if frame.kind is FrameKind.TEST:
            if frame.loop_text:
                return []
            calls.append((frame.path, frame.line, frame.column))
        elif frame.kind is not FrameKind.LIBRARY:
            break
    return calls


def turning(frames: Sequence[Frame]) -> Frame | None:
    """The innermost frame that stands in a loop over something that can grow."""
    for frame in frames:
        text = frame.loop_text
        if text is not None and not is_waiting(frame):
            return frame
    return None


def is_waiting(frame: Frame) -> bool:
    """Whether it stands in a loop that tries, polls or goes over a fixed list."""
    text = frame.loop_text
    return text is not None and (text.startswith("while ") or is_constant_loop(text))


def is_login(stack: Stack) -> bool:
    """Whether the row of who is logged in is looked up; others may happen to ask for the same."""
    if stack.via.startswith("django.contrib.auth."):
        return True
    owner, _, name = (stack.frames[0].function if stack.frames else "").rpartition(".")
    return owner.endswith("Backend") and name in ("get_user", "aget_user")


def may_be_chance(repeat: Repeat) -> bool:
    """Whether a loop asked twice, for what its variable says: two rounds can be alike."""
    if repeat.first != repeat.again or repeat.queries > 1:
        return False
    frame = turning(repeat.again.frames)
    names = varying(frame) if frame is not None else frozenset()
    source = read_source(frame) if frame is not None else None
    if not names or source is None:
        return False
    return any(
        isinstance(node, ast.Name) and node.id in names and span.meets(source.focus)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and (span := source.span(node)) is not None
    )


def is_of_others(first: Frame, again: Frame) -> bool:
    """Whether one function asks in equal words for what two of its variables say.

    A copy from one row to another asks for both, and now and then they are one.
    """
    if (first.path, first.function) != (again.path, again.function):
        return False
    one, other = (_expression(frame) for frame in (first, again))
    if one is None or other is None:
        return False
    return _shape(one) == _shape(other) and _given(one) != _given(other)


def _expression(frame: Frame) -> ast.expr | None:
    asked = expression_at(frame)
    return ast.parse(asked, mode="eval").body if asked is not None else None


def _shape(node: ast.expr) -> str:
    """The expression whatever its variables are called."""
    return re.sub(r"Name\(id='\w+'", "Name(", ast.dump(node))


def _given(node: ast.expr) -> list[str]:
    """The variables in what a method, or one of Django's shortcuts, is called with."""
    calls = (n for n in ast.walk(node) if isinstance(n, ast.Call) and _asks(n.func))
    values = (v for call in calls for v in (*call.args, *(k.value for k in call.keywords)))
    return [n.id for value in values for n in ast.walk(value) if isinstance(n, ast.Name)]


def _asks(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id.removeprefix("a") in ("get_object_or_404", "get_list_or_404")
    return isinstance(called, ast.Attribute)


def varying(frame: Frame) -> frozenset[str]:
    """The variables of the frame's loop, and what its body makes of them."""
    loop = read_loop(frame.loop_text or "")
    if loop is None:
        return frozenset()
    names = frozenset(loop.names)
    try:
        body = ast.parse(textwrap.dedent("\n".join(frame.loop_source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return names
    for node in ast.walk(body):
        if isinstance(node, ast.Assign) and names & names_in(node.value):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def follows_write(stack: Stack) -> bool:
    """Whether a library asks while the project writes: nobody can hand the answer to it.

    A receiver that keeps versions of rows reads a row's relations each time that it is saved.
    """
    frame = site(stack)
    source = read_source(frame) if frame is not None and stack.via else None
    if source is None:
        return False
    return any(
        method_of(node) in _WRITES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and (span := source.span(node)) is not None
        and (span.end == source.focus.end if source.exact else span.meets(source.focus))
    )


def is_on_purpose(frame: Frame) -> bool:
    """Whether the code says that it wants to know how things are now."""
    return bool(_AGAIN_ON_PURPOSE.search("\n".join(frame.snippet)))
