"""Loops whose rounds need each other's writes: no statement could write for all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from queryaudit.advice.loop_bodies import LoopBody, read_loop_body
from queryaudit.advice.loops import names_in
from queryaudit.detectors.writes.calls import Ran
from queryaudit.records.definitions import Frame
from queryaudit.sql.verbs import Verb

#: Files and folders whose rows are made to test or to start with.
_SETUP = frozenset({"factories", "factory", "fixtures", "conftest", "migrations", "seeds"})
#: Methods that ask a table for what the next row depends on.
_STANDING = frozenset({"count", "aggregate", "last", "latest", "earliest"})


def is_setup(frames: Iterable[Frame]) -> bool:
    """Whether rows are made here for tests, or once for each installation."""
    for frame in frames:
        parts = frame.path.removesuffix(".py").split("/")
        if _SETUP.intersection(parts):
            return True
    return False


def is_needed_in_each_round(written: Ran, loop: Frame, ran: Sequence[Ran]) -> bool:
    """Whether a round needs what the one before has written."""
    if (loop.loop_text or "").startswith("while ") and _asks(loop.loop_text or ""):
        return True
    if is_chain(written, loop, ran):
        return True
    body = read_loop_body(loop)
    return body is not None and _marks_steps(body, written)


def is_chain(written: Ran, loop: Frame, ran: Sequence[Ran]) -> bool:
    """Whether a row that is written needs the one before it."""
    if any(_depends(one, written, loop) for one in ran):
        return True
    body = read_loop_body(loop)
    return body is not None and _feeds_itself(body)


def _asks(header: str) -> bool:
    """Whether a ``while`` goes on until something answers otherwise: a queue is worked off."""
    try:
        test = ast.parse(header.removeprefix("while "), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(
        isinstance(node, ast.NamedExpr | ast.Await)
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") != "len")
        for node in ast.walk(test)
    )


def _depends(read: Ran, written: Ran, loop: Frame) -> bool:
    """Whether the same loop asks the written table for a number or its last row."""
    if read.statement.verb is not Verb.SELECT or read.method not in _STANDING:
        return False
    if written.table not in read.statement.tables or read.queries < 2:
        return False
    if written.statement.verb is Verb.UPDATE and not _mentions(read, written):
        return False
    return any(
        frame.path == loop.path and frame.loop_line == loop.loop_line for frame in read.frames
    )


def _mentions(read: Ran, written: Ran) -> bool:
    """Whether the answer can have to do with one of the columns that are written."""
    write = written.statement.write
    if write is None or not write.columns:
        return True
    columns = "|".join(map(re.escape, write.columns))
    return re.search(rf"\b(?:{columns})\b", read.statement.normalised) is not None


def _feeds_itself(body: LoopBody) -> bool:
    """``node = create(parent=node)``: a chain."""
    assigned = body.assigned_from_call()
    return bool(assigned) and any(
        assigned & names_in(argument) for argument in body.arguments() if argument is not None
    )


def _marks_steps(body: LoopBody, written: Ran) -> bool:
    """A row that is saved twice in a round says how far the work on it is."""
    if written.statement.verb is not Verb.UPDATE:
        return False
    receiver = body.receiver()
    return receiver is not None and body.calls_in_sequence(receiver) > 1
