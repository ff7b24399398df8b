"""What a statement's text says that decides about its locks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from queryaudit.locking.given import given
from queryaudit.locking.modes import AdvisoryMode, TableLockMode
from queryaudit.sql.locks import RowLock, row_lock
from queryaudit.sql.normalise import brackets
from queryaudit.sql.tables import named_tables
from queryaudit.sql.tokens import Token, TokenKind, tokenise
from queryaudit.sql.verbs import Verb, main_verb
from queryaudit.sql.writes import read_write

_AFTER_FROM = frozenset({"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"})
_AFTER_FROM |= {"UNION", "INTERSECT", "EXCEPT", "WINDOW", "RETURNING"}
_AFTER_WHERE = _AFTER_FROM - {"WHERE"}
_NO_ALIAS = _AFTER_FROM | {"JOIN", "ON", "USING", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "SET"}
_NO_ALIAS |= {"NATURAL", "TABLESAMPLE", "LATERAL", "VALUES", "DEFAULT", "SELECT"}
_AFTER_NAMES = frozenset({"IN", "NOWAIT", "CASCADE", "RESTRICT", "RESTART", "CONTINUE", "USING"})
_LITERALS = frozenset({TokenKind.STRING, TokenKind.NUMBER})


@dataclass(frozen=True, slots=True)
class Advisory:
    """A call that takes an advisory lock; ``key`` is as written where it is a literal."""

    mode: AdvisoryMode
    waits: bool
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """See the module. ``sources`` are tables of the outermost FROM with their aliases."""

    verb: Verb
    target: str  #: the table that is written; empty for none
    sources: tuple[tuple[str, str], ...]
    tables: tuple[str, ...]  #: all that are named
    row_lock: RowLock | None
    skips: bool  #: SKIP LOCKED
    table_lock: TableLockMode | None  #: of LOCK TABLE and DDL, on all of ``tables``
    waits: bool  #: no NOWAIT
    advisory: Advisory | None
    columns: tuple[str, ...]  #: that are written
    #: Of these the ones that get a value as it is: the position of its parameter, None if the
    #: text has it.
    given: tuple[tuple[str, int | None], ...]
    upserts: bool  #: ON CONFLICT DO UPDATE
    updated: tuple[str, ...]  #: the columns that it sets then
    yields: bool  #: ON CONFLICT DO NOTHING
    constants: tuple[tuple[str, str], ...]  #: columns that must equal a literal
    nulls: tuple[tuple[str, str], ...]  #: columns that must be NULL, with their table or none
    constraints: bool | None  #: SET CONSTRAINTS: True for IMMEDIATE
    qualified: bool  #: a table is named with its schema


@lru_cache(maxsize=2048)
def read(text: str) -> Reading:
    """Never raises."""
    tokens, _ = tokenise(text)
    pairs = brackets(tokens)
    verb, start = main_verb(tokens, pairs)
    words = [token.word for token in tokens]
    selects = verb is Verb.SELECT
    write = read_write(tokens, pairs, verb, start)
    sources = tuple(_sources(tokens, pairs, start)) if selects else ()
    tables = named_tables(tokens, pairs)
    conflict = "CONFLICT" in words
    lock = row_lock(tokens, pairs, start) if selects else None
    return Reading(
        verb=verb,
        target=_target(tokens, start) if write is not None else "",
        sources=sources,
        tables=_named(tokens, words) or tables,
        row_lock=lock,
        skips=lock is not None and "SKIP" in words,
        table_lock=_table_lock(words),
        waits="NOWAIT" not in words,
        advisory=_advisory(tokens, pairs),
        columns=write.columns if write is not None else (),
        given=tuple(given(tokens, pairs, verb, start)),
        upserts=conflict and "UPDATE" in words[words.index("CONFLICT") :],
        updated=tuple(_updated(tokens, words)) if conflict else (),
        yields=conflict and "NOTHING" in words,
        constants=tuple(_constants(tokens, pairs, start)),
        nulls=tuple(_nulls(tokens, words)),
        constraints=_constraints(words),
        qualified=_is_qualified(tokens, tables),
    )


def _target(tokens: Sequence[Token], start: int) -> str:
    index = start + 1
    while index < len(tokens) and tokens[index].word in ("INTO", "FROM", "ONLY", "OR", "IGNORE"):
        index += 1
    name = ""
    while index < len(tokens) and tokens[index].name:
        name = tokens[index].name
        if index + 1 >= len(tokens) or tokens[index + 1].text != ".":
            break
        index += 2
    return name


def _sources(
    tokens: Sequence[Token], pairs: Mapping[int, int], start: int
) -> Iterator[tuple[str, str]]:
    """Tables of the outermost FROM and their aliases, subqueries left out."""
    index, listing = start + 1, False
    expected = False
    while index < len(tokens) and tokens[index].text != ")":
        token = tokens[index]
        if token.word == "FROM" and not listing:
            listing = expected = True
        elif listing and token.word in _AFTER_FROM:
            return
        elif listing and (token.word == "JOIN" or token.text == ","):
            expected = True
        elif expected and token.name and token.word not in ("ONLY", "LATERAL"):
            while index + 2 < len(tokens) and tokens[index + 1].text == ".":
                index += 2
            name = tokens[index].name
            after = index + 1
            if after < len(tokens) and tokens[after].word == "AS":
                after += 1
            aliased = after < len(tokens) and tokens[after].name
            alias = tokens[after].name if aliased and tokens[after].word not in _NO_ALIAS else name
            if index + 1 not in pairs:  # else it is a function
                yield name, alias
            expected = False
        index = pairs.get(index, index) + 1


def _named(tokens: Sequence[Token], words: Sequence[str]) -> tuple[str, ...]:
    """The tables of statements that lock tables and have no clauses."""
    if words[:1] == ["CREATE"] and "INDEX" in words[:4] and "ON" in words:
        start = words.index("ON") + 1
    elif words[:1] in (["LOCK"], ["TRUNCATE"], ["ANALYZE"]):
        start = 1
    else:
        return ()
    found: list[str] = []
    for index in range(start, len(tokens)):
        if words[index] in _AFTER_NAMES or tokens[index].text == "(":
            break
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if tokens[index].name and words[index] not in ("TABLE", "ONLY") and after != ".":
            found.append(tokens[index].name)
    return tuple(found)


def _table_lock(words: Sequence[str]) -> TableLockMode | None:
    if not words:
        return None
    if words[0] == "LOCK":
        named = " ".join(words[words.index("IN") + 1 :]) if "IN" in words else ""
        named = named.partition(" MODE")[0].strip()
        by_name = {mode.value: mode for mode in TableLockMode}
        return by_name.get(named, TableLockMode.ACCESS_EXCLUSIVE)
    if words[0] in ("TRUNCATE", "CLUSTER") or words[:2] == ["DROP", "TABLE"]:
        return TableLockMode.ACCESS_EXCLUSIVE
    if words[0] == "CREATE" and "INDEX" in words[:4] and "CONCURRENTLY" not in words:
        return TableLockMode.SHARE
    if words[0] == "CREATE" and "TRIGGER" in words[:5]:
        return TableLockMode.SHARE_ROW_EXCLUSIVE
    if words[0] == "COMMENT" and "TABLE" in words:
        return TableLockMode.SHARE_UPDATE_EXCLUSIVE
    if words[0] == "ANALYZE":
        return TableLockMode.SHARE_UPDATE_EXCLUSIVE
    if words[:2] == ["ALTER", "TABLE"]:
        return _alter(words)
    return None


def _alter(words: Sequence[str]) -> TableLockMode:
    if "VALIDATE" in words or "STATISTICS" in words:
        return TableLockMode.SHARE_UPDATE_EXCLUSIVE
    if "ADD" in words and "FOREIGN" in words:
        return TableLockMode.SHARE_ROW_EXCLUSIVE
    if "TRIGGER" in words and ("ENABLE" in words or "DISABLE" in words):
        return TableLockMode.SHARE_ROW_EXCLUSIVE
    return TableLockMode.ACCESS_EXCLUSIVE


def _advisory(tokens: Sequence[Token], pairs: Mapping[int, int]) -> Advisory | None:
    for index, token in enumerate(tokens[:-1]):
        name = token.word.removeprefix("PG_")
        if not name.startswith(("ADVISORY_", "TRY_ADVISORY_")) or "UNLOCK" in name:
            continue
        inner = tokens[index + 2 : pairs.get(index + 1, len(tokens))]
        plain = all(t.kind in _LITERALS or t.text in (",", "-") for t in inner)
        return Advisory(
            AdvisoryMode.SHARED if name.endswith("_SHARED") else AdvisoryMode.EXCLUSIVE,
            not name.startswith("TRY_"),
            "".join(t.text for t in inner) if plain else "",
        )
    return None


def _constraints(words: Sequence[str]) -> bool | None:
    if words[:2] != ["SET", "CONSTRAINTS"]:
        return None
    return words[-1] == "IMMEDIATE"


def _constants(
    tokens: Sequence[Token], pairs: Mapping[int, int], start: int
) -> Iterator[tuple[str, str]]:
    """Columns that WHERE compares with a literal, unless one of several conditions may hold."""
    index, body = start + 1, False
    found: list[tuple[str, str]] = []
    while index < len(tokens) and tokens[index].text != ")":
        token = tokens[index]
        if token.word == "WHERE":
            body = True
        elif body and token.word in _AFTER_WHERE:
            break
        elif body and token.word in ("OR", "NOT"):
            return
        elif body and token.text == "(" and tokens[index - 1].word in ("WHERE", "AND"):
            index += 1  # what is only put in brackets
            continue
        elif body and token.text == "=" and index + 1 < len(tokens):
            value = tokens[index + 1]
            if tokens[index - 1].name and value.kind in _LITERALS:
                found.append((tokens[index - 1].name, value.text))
        index = pairs.get(index, index) + 1
    yield from found


def _updated(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[str]:
    """The columns of ON CONFLICT DO UPDATE SET."""
    start = words.index("CONFLICT")
    for index in range(start, len(tokens) - 1):
        set_here = words[index - 1] == "SET"
        follows = "SET" in words[start:index] and tokens[index - 1].text == ","
        if (set_here or follows) and tokens[index].name and tokens[index + 1].text == "=":
            yield tokens[index].name


def _nulls(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index in range(1, len(tokens) - 1):
        if words[index] == "IS" and words[index + 1] == "NULL" and tokens[index - 1].name:
            dotted = index > 2 and tokens[index - 2].text == "."
            yield (tokens[index - 3].name if dotted else ""), tokens[index - 1].name


def _is_qualified(tokens: Sequence[Token], tables: Sequence[str]) -> bool:
    """Whether a schema's name stands before a table: a dotted name after FROM and the like."""
    before = ("FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ONLY", "LOCK")
    for index in range(1, len(tokens) - 2):
        named = tokens[index].name and tokens[index + 1].text == "." and tokens[index + 2].name
        if named and tokens[index + 2].name in tables and tokens[index - 1].word in before:
            return True
    return False
