"""One form for all executions of a statement: what varies between them is replaced by ``?``.

Values and placeholders become ``?``, lists and repeated rows keep their first element, comments
go, white space becomes canonical. Identifiers stay as written. Normalising twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from queryaudit.sql.tokens import Token, TokenKind, tokenise

VALUE_KINDS = frozenset({TokenKind.STRING, TokenKind.NUMBER, TokenKind.PLACEHOLDER})

_VALUE_WORDS = frozenset({"NULL", "TRUE", "FALSE", "DEFAULT"})
_COMPARISONS = frozenset({"=", "<", ">", "<>", "!=", "<=", ">="})

#: How deep nested CASE expressions are looked into; keeps the work linear.
_CASE_DEPTH = 8

_CURSOR = re.compile(r"_django_curs_\w+")

#: Words after which a sign belongs to the number that follows.
_BEFORE_VALUE = frozenset(
    {"SELECT", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "WHEN", "THEN", "ELSE"}
    | {"LIMIT", "OFFSET", "VALUES", "SET", "ON", "BY", "HAVING", "RETURNING", "IS", "CASE"}
    | {"DISTINCT", "ALL", "AS", "INTERVAL"}
)


def normalise(text: str) -> str:
    """The normalised statement. Never raises."""
    return render(simplify(tokenise(text).items))


def simplify(tokens: Sequence[Token]) -> list[Token]:
    """Tokens with values replaced and repetition removed."""
    end = len(tokens)
    while end and tokens[end - 1].text == ";":
        end -= 1
    tokens = tokens[:end]
    return _one_branch(_one_element(_anonymous(tokens)))


def render(tokens: Sequence[Token], *, folded: bool = False) -> str:
    """Tokens as text with canonical spacing; ``folded``: bare words without their case."""
    parts: list[str] = []
    previous: Token | None = None
    for token in tokens:
        if previous is not None and _space_between(previous, token):
            parts.append(" ")
        bare = folded and token.kind is TokenKind.WORD
        parts.append(token.text.casefold() if bare else token.text)
        previous = token
    return "".join(parts)


def brackets(tokens: Sequence[Token]) -> dict[int, int]:
    """Where each opening bracket is closed; the length for those that never are."""
    pairs: dict[int, int] = {}
    waiting: list[int] = []
    for index, token in enumerate(tokens):
        if token.text in ("(", "["):
            waiting.append(index)
        elif token.text in (")", "]") and waiting:
            pairs[waiting.pop()] = index
    for index in waiting:
        pairs[index] = len(tokens)
    return pairs


def is_value_list(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether ``tokens[start:end]`` are values only, rows of values included."""
    if start >= end:
        return False
    cast = False
    for index in range(start, end):
        token = tokens[index]
        if token.kind is TokenKind.WORD:
            if not cast and token.word not in _VALUE_WORDS:
                return False
        elif token.kind is TokenKind.OPERATOR:
            if token.text not in ("(", ")", ",", "::", "-", "+", "[", "]"):
                return False
        elif token.kind is TokenKind.QUOTED:
            return False
        cast = token.text == "::"
    return True


def _anonymous(tokens: Sequence[Token]) -> list[Token]:
    """Values, savepoint names and cursor names replaced; signs folded into their number."""
    out: list[Token] = []
    for index, token in enumerate(tokens):
        if token.kind in VALUE_KINDS:
            spaced = token.spaced
            while out and _is_sign(out):
                spaced = out.pop().spaced
            out.append(Token(TokenKind.PLACEHOLDER, "?", spaced))
        elif token.name and _names_savepoint(tokens, index):
            out.append(Token(TokenKind.PLACEHOLDER, "?", token.spaced))
        elif "_django_curs_" in token.text:
            out.append(token._replace(text=_CURSOR.sub("_django_curs_", token.text)))
        else:
            out.append(token)
    return out


def _is_sign(out: Sequence[Token]) -> bool:
    if out[-1].text not in ("-", "+"):
        return False
    if len(out) == 1:
        return True
    before = out[-2]
    if before.kind is TokenKind.OPERATOR:
        return before.text not in (")", "]")
    return before.word in _BEFORE_VALUE


def _names_savepoint(tokens: Sequence[Token], index: int) -> bool:
    if index == 0 or tokens[index].word in ("SAVEPOINT", "TO"):
        return False
    first, before = tokens[0].word, tokens[index - 1].word
    if before == "SAVEPOINT":
        return first in ("SAVEPOINT", "RELEASE", "ROLLBACK")
    return (first == "RELEASE" and index == 1) or (first == "ROLLBACK" and before == "TO")


def _one_element(tokens: Sequence[Token]) -> list[Token]:
    """``IN (?, ?)``, ``ARRAY[?, ?]`` and ``VALUES (..), (..)`` with their first element only."""
    pairs = brackets(tokens)
    rows: set[int] = set()
    out: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        out.append(token)
        index += 1
        if index in pairs:
            end = pairs[index]
            if token.word in ("VALUES", "VALUE"):
                rows.add(end)
            elif token.word in ("IN", "ARRAY") and is_value_list(tokens, index + 1, end):
                out.append(tokens[index])
                out.extend(tokens[index + 1 : item_end(tokens, index + 1, end)])
                index = end
        elif index - 1 in rows:
            while index + 1 in pairs and tokens[index].text == ",":
                index = pairs[index + 1] + 1
    return out


def item_end(tokens: Sequence[Token], start: int, end: int) -> int:
    """Where the first element of the list ``tokens[start:end]`` ends."""
    depth = 0
    for index in range(start, end):
        text = tokens[index].text
        if text in ("(", "["):
            depth += 1
        elif text in (")", "]"):
            depth -= 1
        elif text == "," and depth == 0:
            return index
    return end


def _one_branch(tokens: list[Token]) -> list[Token]:
    """Equal neighbouring ``WHEN .. THEN ..`` branches become one, as bulk updates have them."""
    out: list[Token] = []
    branches: list[tuple[int, list[str]]] = []
    for token in tokens:
        word = token.word
        if word == "CASE" and len(branches) < _CASE_DEPTH:
            branches.append((-1, []))
        elif word in ("WHEN", "ELSE", "END") and branches:
            start, before = branches[-1]
            if start >= 0:
                branch = [item.text for item in out[start:]]
                if branch == before:
                    del out[start:]
                before = branch
            if word == "END":
                branches.pop()
            else:
                branches[-1] = (len(out) if word == "WHEN" else -1, before)
        out.append(token)
    return out


def _space_between(left: Token, right: Token) -> bool:
    if left.text in ("(", "[") or right.text in (")", "]", ",", ";"):
        return False
    if left.text == ",":
        return True
    if left.text in (".", "::") or right.text in (".", "::"):
        return right.spaced and TokenKind.OPERATOR is left.kind is right.kind
    if left.kind is TokenKind.PLACEHOLDER or right.kind is TokenKind.PLACEHOLDER:
        return right.text != "["
    if left.text in _COMPARISONS or right.text in _COMPARISONS:
        return right.spaced or not TokenKind.OPERATOR is left.kind is right.kind
    return right.spaced
