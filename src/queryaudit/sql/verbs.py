"""What a statement does, by its main verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from queryaudit.sql.tokens import Token


class Verb(Enum):
    """The kind of a statement; what no other member names is OTHER."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    SAVEPOINT = "SAVEPOINT"
    RELEASE = "RELEASE"
    ROLLBACK = "ROLLBACK"
    BEGIN = "BEGIN"
    COMMIT = "COMMIT"
    SET = "SET"
    DDL = "DDL"
    EXPLAIN = "EXPLAIN"
    OTHER = "OTHER"


_FIRST_WORD = {
    "SELECT": Verb.SELECT,
    "VALUES": Verb.SELECT,
    "INSERT": Verb.INSERT,
    "REPLACE": Verb.INSERT,
    "UPDATE": Verb.UPDATE,
    "DELETE": Verb.DELETE,
    "SAVEPOINT": Verb.SAVEPOINT,
    "RELEASE": Verb.RELEASE,
    "ROLLBACK": Verb.ROLLBACK,
    "ABORT": Verb.ROLLBACK,
    "BEGIN": Verb.BEGIN,
    "START": Verb.BEGIN,
    "COMMIT": Verb.COMMIT,
    "END": Verb.COMMIT,
    "SET": Verb.SET,
    "RESET": Verb.SET,
    "CREATE": Verb.DDL,
    "ALTER": Verb.DDL,
    "DROP": Verb.DDL,
    "TRUNCATE": Verb.DDL,
    "COMMENT": Verb.DDL,
    "REINDEX": Verb.DDL,
    "EXPLAIN": Verb.EXPLAIN,
}
_MAIN_WORDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "VALUES")


def main_verb(tokens: Sequence[Token], pairs: Mapping[int, int]) -> tuple[Verb, int]:
    """The verb, and the index of its word. ``pairs`` are the brackets' positions.

    ``WITH`` resolves to the verb behind it, and a declared cursor to its query.
    """
    start = 0
    while start < len(tokens) and tokens[start].text == "(":
        start += 1
    if start == len(tokens):
        return Verb.OTHER, start
    word = tokens[start].word
    if word in ("WITH", "DECLARE"):
        index = start + 1
        while index < len(tokens):
            if tokens[index].word in _MAIN_WORDS:
                return _FIRST_WORD[tokens[index].word], index
            index = pairs.get(index, index) + 1
        return Verb.OTHER, start
    return _FIRST_WORD.get(word, Verb.OTHER), start
