"""PostgreSQL's lock modes for rows and tables, and which of them exclude each other.

From its manual, "Explicit Locking": https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

from enum import Enum

from queryaudit.sql.locks import RowLockMode


class TableLockMode(Enum):
    """The strength of a lock on a table, weakest first, as ``LOCK TABLE`` names it."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"


class AdvisoryMode(Enum):
    """How an advisory lock is held."""

    SHARED = "advisory, shared"
    EXCLUSIVE = "advisory"


class UniqueMode(Enum):
    """A key that an INSERT claims in a unique index; another one of the same key waits."""

    CLAIMED = "unique key"


Mode = RowLockMode | TableLockMode | AdvisoryMode | UniqueMode

# The tables of PostgreSQL's manual, "Explicit Locking": a row and a column for each mode, X where
# two exclude each other.
_ROWS = [RowLockMode.KEY_SHARE, RowLockMode.SHARE, RowLockMode.NO_KEY_UPDATE, RowLockMode.UPDATE]
_ROW_CONFLICTS = ("...X", "..XX", ".XXX", "XXXX")
_TABLES = list(TableLockMode)
_TABLE_CONFLICTS = (
    ".......X",
    "......XX",
    "....XXXX",
    "...XXXXX",
    "..XX.XXX",
    "..XXXXXX",
    ".XXXXXXX",
    "XXXXXXXX",
)


def conflict(one: Mode, other: Mode) -> bool:
    """Whether two transactions can't hold both at the same thing; symmetric."""
    if isinstance(one, RowLockMode) and isinstance(other, RowLockMode):
        return _ROW_CONFLICTS[_ROWS.index(one)][_ROWS.index(other)] == "X"
    if isinstance(one, TableLockMode) and isinstance(other, TableLockMode):
        return _TABLE_CONFLICTS[_TABLES.index(one)][_TABLES.index(other)] == "X"
    if isinstance(one, AdvisoryMode) and isinstance(other, AdvisoryMode):
        return AdvisoryMode.EXCLUSIVE in (one, other)
    return isinstance(one, UniqueMode) and isinstance(other, UniqueMode)


def covers(held: Mode, wanted: Mode) -> bool:
    """Whether who holds one lock has the other one with it: it excludes all that does."""
    kind = type(wanted)
    return type(held) is kind and all(
        conflict(held, other) for other in kind if conflict(wanted, other)
    )
