"""Columns to which an INSERT or UPDATE gives a plain value, and which parameter that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from queryaudit.sql.tokens import Token, TokenKind
from queryaudit.sql.verbs import Verb

_AFTER_SET = frozenset({"WHERE", "FROM", "RETURNING"})
_LITERALS = frozenset({TokenKind.STRING, TokenKind.NUMBER})


def given(
    tokens: Sequence[Token], pairs: Mapping[int, int], verb: Verb, start: int
) -> Iterator[tuple[str, int | None]]:
    """Of an INSERT of several rows the first one's. What is computed is left out."""
    positions = _positions(tokens)
    if verb is Verb.INSERT:
        for column, value in _inserted(tokens, pairs, start):
            if tokens[value].kind in _LITERALS or value in positions:
                yield column, positions.get(value)
    elif verb is Verb.UPDATE:
        for column, value in _assigned(tokens, pairs, start):
            if tokens[value].kind in _LITERALS or value in positions:
                yield column, positions.get(value)


def _positions(tokens: Sequence[Token]) -> dict[int, int]:
    places = [at for at, token in enumerate(tokens) if token.kind is TokenKind.PLACEHOLDER]
    return {at: position for position, at in enumerate(places)}


def _inserted(
    tokens: Sequence[Token], pairs: Mapping[int, int], start: int
) -> Iterator[tuple[str, int]]:
    """Columns, and where their value stands, if that is a single token."""
    index = start + 1
    columns: list[str] = []
    while index < len(tokens):
        token = tokens[index]
        if token.text == "(" and not columns:
            columns = [t.name for t in tokens[index + 1 : pairs.get(index, index)] if t.name]
        elif token.word == "VALUES":
            break
        index = pairs.get(index, index) + 1
    if index + 1 not in pairs:
        return
    values = _split(tokens, pairs, index + 2, pairs[index + 1])
    for column, (first, end) in zip(columns, values, strict=False):
        if end == first + 1:
            yield column, first


def _assigned(
    tokens: Sequence[Token], pairs: Mapping[int, int], start: int
) -> Iterator[tuple[str, int]]:
    index = start + 1
    while index < len(tokens) and tokens[index].word != "SET":
        index = pairs.get(index, index) + 1
    end = index
    while end < len(tokens) and tokens[end].word not in _AFTER_SET:
        end = pairs.get(end, end) + 1
    for first, last in _split(tokens, pairs, index + 1, min(end, len(tokens))):
        if last == first + 3 and tokens[first + 1].text == "=" and tokens[first].name:
            yield tokens[first].name, first + 2


def _split(
    tokens: Sequence[Token], pairs: Mapping[int, int], index: int, end: int
) -> Iterator[tuple[int, int]]:
    """What stands between commas."""
    first = index
    while index < end:
        if tokens[index].text == ",":
            yield first, index
            first = index + 1
        index = pairs.get(index, index) + 1
    if first < end:
        yield first, end
