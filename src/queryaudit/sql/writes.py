"""What an INSERT, UPDATE or DELETE writes: which columns, and of how many rows at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from queryaudit.sql.normalise import VALUE_KINDS
from queryaudit.sql.tokens import Token
from queryaudit.sql.verbs import Verb

_AFTER_SET = frozenset({"WHERE", "FROM", "RETURNING", "ORDER", "LIMIT"})
_AFTER_VALUES = frozenset({"ON", "RETURNING", "AS"})


class Write(NamedTuple):
    """The written columns, where they are listed, and the number of rows whose values are given.

    ``rows`` is 1 where a row, or one value of a condition, is written at a time; None where the
    database finds the rows by itself, as ``INSERT .. SELECT`` does.
    """

    columns: tuple[str, ...]
    rows: int | None


def read_write(
    tokens: Sequence[Token], pairs: Mapping[int, int], verb: Verb, start: int
) -> Write | None:
    """None if the statement writes nothing."""
    if verb is Verb.INSERT:
        return _insert(tokens, pairs, start)
    if verb is Verb.UPDATE:
        columns = tuple(_assigned(tokens, pairs, start))
        by_case = any(token.word == "CASE" for token in tokens)
        return Write(columns, None if by_case else _listed(tokens, pairs))
    if verb is Verb.DELETE:
        return Write((), _listed(tokens, pairs))
    return None


def _insert(tokens: Sequence[Token], pairs: Mapping[int, int], start: int) -> Write:
    columns: tuple[str, ...] = ()
    index = start + 1
    while index < len(tokens):
        token = tokens[index]
        if token.text == "(" and not columns:
            columns = tuple(t.name for t in tokens[index + 1 : pairs[index]] if t.name)
        elif token.word == "SELECT":
            return Write(columns, None)
        elif token.word == "DEFAULT" and tokens[index - 1].word != "=":
            return Write(columns, 1)
        elif token.word == "VALUES":
            return Write(columns, _groups(tokens, pairs, index + 1))
        index = pairs.get(index, index) + 1
    return Write(columns, None)


def _groups(tokens: Sequence[Token], pairs: Mapping[int, int], index: int) -> int | None:
    """How many rows follow VALUES; psycopg2's ``execute_values`` leaves one placeholder for all."""
    rows = 0
    while index < len(tokens) and tokens[index].word not in _AFTER_VALUES:
        rows += tokens[index].text == "("
        index = pairs.get(index, index) + 1
    return rows or None


def _assigned(tokens: Sequence[Token], pairs: Mapping[int, int], start: int) -> Iterator[str]:
    """The columns that SET gives values to."""
    index = start + 1
    while index < len(tokens) and tokens[index].word != "SET":
        index = pairs.get(index, index) + 1
    expected = True
    index += 1
    while index < len(tokens) and tokens[index].word not in _AFTER_SET:
        token = tokens[index]
        if token.text == ",":
            expected = True
        elif token.text == "=" and expected:
            yield tokens[index - 1].name
            expected = False
        index = pairs.get(index, index) + 1


def _listed(tokens: Sequence[Token], pairs: Mapping[int, int]) -> int | None:
    """The number of values in the longest list; None for an array, which has any number."""
    longest = 1
    for index, token in enumerate(tokens[:-1]):
        if token.word == "ANY" and tokens[index + 1].text == "(":
            return None
        if token.word != "IN" or tokens[index + 1].text != "(":
            continue
        end = pairs[index + 1]
        if tokens[index + 2].word in ("SELECT", "WITH"):
            continue
        longest = max(longest, sum(t.kind in VALUE_KINDS for t in tokens[index + 2 : end]))
    return longest
