"""Which tables a statement names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from queryaudit.sql.tokens import Token

#: Words after which a FROM clause's list of tables has ended.
_AFTER_FROM = frozenset({"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "SET"})
_AFTER_FROM |= {"UNION", "INTERSECT", "EXCEPT", "RETURNING", "FOR", "WINDOW", "ON", "USING"}
_QUERY_WORDS = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE"})
_SKIPPED = frozenset({"ONLY", "LATERAL", "IF", "NOT", "EXISTS", "TABLE", "IGNORE"})
_NOT_A_STATEMENT = frozenset({"FOR", "DO", "KEY", "ON", "AFTER", "BEFORE", "OR"})


def named_tables(tokens: Sequence[Token], pairs: Mapping[int, int]) -> tuple[str, ...]:
    """Unquoted last parts of the names, in order of appearance, each once; best effort.

    Names that the statement itself defines with ``WITH`` and functions are left out.
    """
    own = _own_names(tokens, pairs)
    found: dict[str, None] = {}
    listing: list[bool] = [False]
    query: list[bool] = [True]
    expected = False
    index = 0
    while index < len(tokens):
        token = tokens[index]
        word = token.word
        if expected and token.name and word not in _SKIPPED and word not in _QUERY_WORDS:
            last = _last_part(tokens, index)
            called = last + 1 in pairs and tokens[last + 1].text == "(" and listing[-1]
            if not called and tokens[last].name not in own:
                found.setdefault(tokens[last].name)
            expected = False
            index = last + 1
            continue
        if token.text == "(":
            inner = tokens[index + 1].word if index + 1 < len(tokens) else ""
            query.append(inner in _QUERY_WORDS or (expected and inner == ""))
            listing.append(expected and inner not in _QUERY_WORDS)
            expected = listing[-1]
        elif token.text == ")":
            if len(query) > 1:
                query.pop()
                listing.pop()
            expected = False
        elif token.text == "," and listing[-1]:
            expected = True
        elif word in ("FROM", "JOIN", "STRAIGHT_JOIN"):
            if word != "FROM" or (query[-1] and not _is_distinct_from(tokens, index)):
                expected = listing[-1] = True
        elif word == "INTO" or (word == "TABLE" and index <= 5):
            expected, listing[-1] = True, False
        elif word == "UPDATE":
            before = tokens[index - 1].word if index else ""
            expected = before not in _NOT_A_STATEMENT
        elif word in _AFTER_FROM:
            listing[-1] = expected = False
        elif word not in _SKIPPED:
            expected = False
        index += 1
    return tuple(found)


def _last_part(tokens: Sequence[Token], index: int) -> int:
    while index + 2 < len(tokens) and tokens[index + 1].text == "." and tokens[index + 2].name:
        index += 2
    return index


def _is_distinct_from(tokens: Sequence[Token], index: int) -> bool:
    return (
        index >= 2
        and tokens[index - 1].word == "DISTINCT"
        and tokens[index - 2].word in ("IS", "NOT")
    )


def _own_names(tokens: Sequence[Token], pairs: Mapping[int, int]) -> frozenset[str]:
    if not any(token.word == "WITH" for token in tokens):
        return frozenset()
    closed = {end: start for start, end in pairs.items()}
    own: set[str] = set()
    for index, token in enumerate(tokens):
        if token.word != "AS" or index == 0:
            continue
        body = index + 1
        while body < len(tokens) and tokens[body].word in ("NOT", "MATERIALIZED"):
            body += 1
        if body + 1 >= len(tokens) or tokens[body].text != "(":
            continue
        if tokens[body + 1].word in _QUERY_WORDS or tokens[body + 1].text == "(":
            before = closed.get(index - 1, index) - 1
            if before >= 0:
                own.add(tokens[before].name)
    return frozenset(own)
