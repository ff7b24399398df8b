"""Which rows a statement is about: of which table, cut how, in what order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from queryaudit.sql.clauses import Clauses
from queryaudit.sql.fingerprint import digest
from queryaudit.sql.normalise import VALUE_KINDS, simplify
from queryaudit.sql.tokens import Token, TokenKind

#: Functions whose answer is another one each time, or that are called for what they do.
_VOLATILE = frozenset({"RANDOM", "RAND", "NEXTVAL", "SETVAL", "CURRVAL", "LASTVAL"})
_VOLATILE |= {"GEN_RANDOM_UUID", "UUID_GENERATE_V4", "CLOCK_TIMESTAMP", "TIMEOFDAY", "PG_SLEEP"}
_LOCKS = frozenset({"UPDATE", "SHARE", "NO", "KEY"})
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_DIRECTIONS = frozenset({"ASC", "DESC", "NULLS", "FIRST", "LAST"})
_COMBINED = ("UNION", "INTERSECT", "EXCEPT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as it is written; ``table`` is empty where none is named."""

    table: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """See the module; of the outermost query."""

    table: str  #: that stands first after FROM; empty for a subquery, function or nothing
    source: str  #: digest of FROM and WHERE, literals as they are: the rows that are meant
    #: Columns that stand alone as a condition, False for NOT; None if there is any other one.
    flags: tuple[tuple[str, bool], ...] | None
    grouped: tuple[Column, ...] | None  #: None without GROUP BY
    order: tuple[Column | None, ...] | None  #: None without ORDER BY; an expression is a None
    is_distinct: bool
    is_combined: bool  #: UNION and its like
    is_locking: bool  #: FOR UPDATE and its like
    is_volatile: bool  #: asked again it may well say something else
    is_writing: bool  #: a WITH that writes
    offset: int | None  #: None also where it is a parameter
    longest_list: int  #: elements of the longest IN (..)


def shape_of(tokens: Sequence[Token], pairs: Mapping[int, int], clauses: Clauses) -> Shape:
    listed = clauses.select_list()
    first = next(iter(listed), None)
    return Shape(
        table=_table(tokens, clauses.body("FROM")),
        source=_source(tokens, clauses),
        flags=_flags(tokens, clauses.body("WHERE")),
        grouped=_columns(tokens, pairs, clauses.body("GROUP")) if clauses.has("GROUP") else None,
        order=_order(tokens, pairs, clauses.body("ORDER")) if clauses.has("ORDER") else None,
        is_distinct=first is not None and tokens[first].word == "DISTINCT",
        is_combined=any(clauses.has(clause) for clause in _COMBINED),
        is_locking=any(tokens[i].word in _LOCKS for i in list(clauses.body("FOR"))[:2]),
        is_volatile=_is_volatile(tokens),
        is_writing=_is_writing(tokens),
        offset=_offset(tokens, clauses.body("OFFSET")),
        longest_list=_longest_list(tokens, pairs),
    )


def _table(tokens: Sequence[Token], body: range) -> str:
    index, name = body.start, ""
    while index < body.stop and tokens[index].name:
        if tokens[index].word not in ("ONLY", "LATERAL"):
            name = tokens[index].name
            if index + 1 >= body.stop or tokens[index + 1].text != ".":
                break
            index += 1
        index += 1
    called = index + 1 < body.stop and tokens[index + 1].text == "("
    return "" if called else name


def _source(tokens: Sequence[Token], clauses: Clauses) -> str:
    body = [*clauses.body("FROM"), *clauses.body("WHERE")]
    if clauses.has("HAVING") or clauses.has("GROUP"):
        return ""
    # Literals stay: they tell which rows are meant, as parameters do elsewhere.
    literals = [tokens[i]._replace(kind=TokenKind.QUOTED) for i in body if _is_literal(tokens[i])]
    return digest([*simplify([tokens[i] for i in body]), *literals]) if body else ""


def _is_literal(token: Token) -> bool:
    return token.kind in (TokenKind.STRING, TokenKind.NUMBER)


def _flags(tokens: Sequence[Token], body: range) -> tuple[tuple[str, bool], ...] | None:
    found: list[tuple[str, bool]] = []
    positive = True
    for index in body:
        token = tokens[index]
        if token.kind is TokenKind.QUOTED:
            if index + 1 not in body or tokens[index + 1].text != ".":
                found.append((token.name, positive))
                positive = True
        elif token.word == "NOT":
            positive = False
        elif token.text not in (".", "(", ")") and token.word != "AND":
            return None
    return tuple(found)


def _items(tokens: Sequence[Token], pairs: Mapping[int, int], body: range) -> Iterator[list[Token]]:
    """What stands between the commas of a list."""
    item: list[Token] = []
    index = body.start
    while index < body.stop:
        if tokens[index].text == ",":
            yield item
            item = []
        elif tokens[index].word != "BY" or item:
            end = min(pairs.get(index, index), body.stop - 1)
            item.extend(tokens[index : end + 1])
            index = end
        index += 1
    yield item


def _order(
    tokens: Sequence[Token], pairs: Mapping[int, int], body: range
) -> tuple[Column | None, ...]:
    found = []
    for item in _items(tokens, pairs, body):
        while item and item[-1].word in _DIRECTIONS:
            item.pop()
        found.append(_column(item))
    return tuple(found)


def _columns(tokens: Sequence[Token], pairs: Mapping[int, int], body: range) -> tuple[Column, ...]:
    found = [_column(item) for item in _items(tokens, pairs, body)]
    return tuple(column for column in found if column is not None)


def _column(item: Sequence[Token]) -> Column | None:
    names = item[::2]
    dots = item[1::2]
    if not names or not all(t.name for t in names) or not all(t.text == "." for t in dots):
        return None
    if len(item) % 2 == 0:
        return None
    return Column(table=names[-2].name if len(names) > 1 else "", name=names[-1].name)


def _is_volatile(tokens: Sequence[Token]) -> bool:
    return any(
        tokens[index + 1].text == "("
        and (token.word in _VOLATILE or token.word.startswith("PG_ADVISORY"))
        for index, token in enumerate(tokens[:-1])
    )


def _is_writing(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0].word == "WITH" and any(t.word in _WRITES for t in tokens)


def _offset(tokens: Sequence[Token], body: range) -> int | None:
    numbers = [tokens[index].text for index in body if tokens[index].kind in VALUE_KINDS]
    plain = len(numbers) == 1 and numbers[0].isdecimal() and len(numbers[0]) < 20
    return int(numbers[0]) if plain else None


def _longest_list(tokens: Sequence[Token], pairs: Mapping[int, int]) -> int:
    longest = index = 0
    while index + 2 < len(tokens):
        opening = index + 1
        opened = tokens[index].word == "IN" and tokens[opening].text == "("
        if opened and tokens[opening + 1].kind in VALUE_KINDS:
            index = pairs[opening]
            inner = tokens[opening + 1 : index]
            longest = max(longest, 1 + sum(item.text == "," for item in inner))
        index += 1
    return longest
