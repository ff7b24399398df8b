"""What is said of two transactions that can deadlock, and what to do about it."""

from __future__ import annotations

from queryaudit.locking.graph import ARGUMENT, Crossing, Point
from queryaudit.locking.locks import Lock
from queryaudit.locking.modes import AdvisoryMode, TableLockMode, UniqueMode
from queryaudit.records.findings import Applicability, Fix
from queryaudit.sql.locks import RowLockMode


def thing(lock: Lock) -> str:
    """What a lock is on, as a phrase."""
    match lock.mode:
        case TableLockMode():
            return f"the table {lock.table}"
        case AdvisoryMode():
            return "an advisory lock"
        case UniqueMode():
            return f"a unique value of {lock.table}"
        case RowLockMode():
            return f"rows of {lock.table}"


def order_of(crossing: Crossing) -> str:
    """The order in which the first of the transactions locks."""
    held, wanted = thing(crossing.held.lock), thing(crossing.wanted.lock)
    late = ", as it commits," if _at_commit(crossing.wanted, len(crossing.one.steps)) else ""
    if is_exchanged(crossing):
        return f"{held} in the order of its arguments"
    if held == wanted:
        return f"{held} and then{late} asks for a stronger lock on them"
    short = wanted.removeprefix("rows ") if held.startswith("rows of") else wanted
    return f"{held} and then{late} {short}"


def is_exchanged(crossing: Crossing) -> bool:
    """Whether it is a function against itself, with its arguments exchanged."""
    return any(column == ARGUMENT for column, _ in crossing.wanted.lock.row)


def remedy(crossing: Crossing) -> Fix:
    """What would keep the two from meeting."""
    modes = [
        {crossing.held.lock.mode, crossing.other_wanted.lock.mode},
        {crossing.wanted.lock.mode, crossing.other_held.lock.mode},
    ]
    foreign = {RowLockMode.KEY_SHARE, RowLockMode.UPDATE} in modes
    texts = (crossing.held.statement, crossing.other_held.statement)
    if foreign and any("FOR UPDATE" in text for text in texts):
        return Fix(
            title="lock without the key",
            applicability=Applicability.UNSAFE,
            code=".select_for_update(no_key=True)",
            note="A row that others refer to is locked by them as they commit; FOR NO KEY UPDATE "
            "lets them. Right unless the transaction deletes the row or changes its key.",
        )
    if is_exchanged(crossing):
        return Fix(
            title="lock in the order of the key",
            applicability=Applicability.UNSAFE,
            code='.filter(pk__in=keys).order_by("pk").select_for_update()',
            note="One query for both rows at the beginning of the transaction, or one after the "
            "other in the order of their keys.",
        )
    held, wanted = thing(crossing.held.lock), thing(crossing.wanted.lock)
    if held == wanted:
        return Fix(
            title="take the stronger lock at once",
            applicability=Applicability.DISPLAY_ONLY,
            code="",
            note="Who locks to change should lock for that at the beginning.",
        )
    return Fix(
        title="lock in the same order in both places",
        applicability=Applicability.DISPLAY_ONLY,
        code="",
        note=f"For example {held} before {wanted}: lock them by select_for_update() at the "
        "beginning of the transaction that has them last.",
    )


def _at_commit(point: Point, end: int) -> bool:
    return point.step == end
