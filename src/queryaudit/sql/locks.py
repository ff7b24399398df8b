"""Which locks a statement says that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from queryaudit.sql.tokens import Token

_MODES = (
    ("NO", "KEY", "UPDATE"),
    ("KEY", "SHARE"),
    ("UPDATE",),
    ("SHARE",),
)


class RowLockMode(Enum):
    """The strength of a row lock, as the server names it."""

    UPDATE = "FOR UPDATE"
    NO_KEY_UPDATE = "FOR NO KEY UPDATE"
    SHARE = "FOR SHARE"
    KEY_SHARE = "FOR KEY SHARE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLock:
    """A query's locking clause."""

    mode: RowLockMode
    of: tuple[str, ...]  #: tables whose rows are locked; empty: of all that are joined
    waits: bool  #: neither NOWAIT nor SKIP LOCKED
    joined: bool  #: rows of several tables are read
    ordered: bool
    filtered: bool


def row_lock(tokens: Sequence[Token], pairs: Mapping[int, int], start: int) -> RowLock | None:
    """The locking clause of the query whose verb stands at ``start``."""
    found: dict[str, int] = {}
    joined = False
    index = start + 1
    while index < len(tokens) and tokens[index].text != ")":
        word = tokens[index].word
        if word == "FOR" and _mode(tokens, index + 1) is not None:
            found["FOR"] = index
            break
        if word == "JOIN":
            joined = True
        if word in ("FROM", "WHERE", "ORDER"):
            found.setdefault(word, index)
        elif tokens[index].text == "," and "FROM" in found and len(found) == 1:
            joined = True
        index = pairs.get(index, index) + 1
    if "FOR" not in found:
        return None
    mode = _mode(tokens, found["FOR"] + 1)
    if mode is None:
        return None
    rest = tokens[found["FOR"] + 1 + len(mode.value.split()) - 1 :]
    words = [token.word for token in rest]
    return RowLock(
        mode=mode,
        of=tuple(t.name for t in _names(rest)) if words[:1] == ["OF"] else (),
        waits="NOWAIT" not in words and "SKIP" not in words,
        joined=joined,
        ordered="ORDER" in found,
        filtered="WHERE" in found,
    )


def locks_table(tokens: Sequence[Token]) -> bool:
    """Whether the statement is ``LOCK TABLE``."""
    return bool(tokens) and tokens[0].word == "LOCK"


def _mode(tokens: Sequence[Token], index: int) -> RowLockMode | None:
    for words in _MODES:
        if tuple(token.word for token in tokens[index : index + len(words)]) == words:
            return RowLockMode("FOR " + " ".join(words))
    return None


def _names(tokens: Sequence[Token]) -> list[Token]:
    names = []
    for token in tokens[1:]:
        if token.word in ("NOWAIT", "SKIP"):
            break
        if token.name:
            names.append(token)
    return names
