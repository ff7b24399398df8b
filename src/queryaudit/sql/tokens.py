"""A small SQL lexer that survives anything, in linear time.

It knows just enough of PostgreSQL, SQLite and MySQL to tell literals, placeholders, names and
comments apart. Every pattern succeeds or fails without backtracking over what it consumed, and
what is unterminated runs to the end of the text, so that no input is read twice.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

#: Characters that are read; a longer text is cut there and said to be truncated.
LEX_LIMIT = 100_000


class TokenKind(IntEnum):
    """What a piece of SQL text is."""

    WORD = 1  #: keyword or bare identifier
    QUOTED = 2  #: identifier in double quotes or backticks
    STRING = 3
    NUMBER = 4
    PLACEHOLDER = 5
    OPERATOR = 6  #: everything else, punctuation included


class Token(NamedTuple):
    """One piece of a statement. ``spaced``: white space or a comment stood before it."""

    kind: TokenKind
    text: str
    spaced: bool

    @property
    def word(self) -> str:
        """The keyword in capitals; empty if it is not a bare word."""
        return self.text.upper() if self.kind is TokenKind.WORD else ""

    @property
    def name(self) -> str:
        """The identifier without its quotes; empty if it is none."""
        if self.kind is TokenKind.WORD:
            return self.text
        if self.kind is TokenKind.QUOTED:
            quote = self.text[0]
            body = self.text[1:]
            if body.endswith(quote):
                body = body[:-1]
            return body.replace(quote * 2, quote)
        return ""


class Tokens(NamedTuple):
    """All tokens of a text. ``truncated``: the text was longer than what was read."""

    items: tuple[Token, ...]
    truncated: bool


_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<line_comment>--[^\r\n]*)
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*(?:'|\\?\Z))
    | (?P<string>(?:[bBnNxX]|[uU]&)?'[^']*(?:''[^']*)*(?:'|\Z))
    | (?P<quoted>"[^"]*(?:""[^"]*)*(?:"|\Z)|`[^`]*(?:``[^`]*)*(?:`|\Z))
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<placeholder>%s|%\(\w+\)s|\$\d+|\?(?![|&])|:[^\W\d]\w*)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<operator>::|:=|<=>|<>|<=|>=|!=|!~~?\*?|~~?\*|\|\||->>|->|\#>>|\#>|@>|<@|\?\||\?&|&&|%%|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")

_KINDS = {
    "escaped": TokenKind.STRING,
    "string": TokenKind.STRING,
    "quoted": TokenKind.QUOTED,
    "dollar": TokenKind.STRING,
    "number": TokenKind.NUMBER,
    "placeholder": TokenKind.PLACEHOLDER,
    "word": TokenKind.WORD,
    "operator": TokenKind.OPERATOR,
}


def tokenise(text: str, limit: int = LEX_LIMIT) -> Tokens:
    """Split ``text`` into tokens, without white space and comments. Never raises."""
    truncated = len(text) > limit
    if truncated:
        text = text[:limit]
    items: list[Token] = []
    position = 0
    spaced = False
    while (match := _TOKEN.match(text, position)) is not None:
        group = match.lastgroup or "operator"
        start, position = position, match.end()
        if group == "space" or group == "line_comment":
            spaced = True
            continue
        if group == "comment":
            position = _comment_end(text, position)
            spaced = True
            continue
        if group == "dollar":
            closing = text.find(match.group(), position)
            position = len(text) if closing < 0 else closing + len(match.group())
        items.append(Token(_KINDS[group], text[start:position], spaced))
        spaced = False
    return Tokens(tuple(items), truncated)


def _comment_end(text: str, position: int) -> int:
    """Where the comment that opened before ``position`` ends; comments nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)
