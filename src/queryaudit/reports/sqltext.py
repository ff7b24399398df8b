"""SQL for people: on one line, or laid out.

Formatting costs more than linearly, so long statements are shown as they are, and cut.
"""

from __future__ import annotations

import sqlparse
from sqlparse import tokens
from sqlparse.exceptions import SQLParseError
from sqlparse.lexer import tokenize

from queryaudit.reports.clean import clean, clean_lines, shorten

_MOST_FORMATTED = 4_000
_MOST_SHOWN = 8_000


def one_line(sql: str, limit: int = 400) -> str:
    """The statement on one line, white space collapsed, cut to ``limit`` characters."""
    return shorten(" ".join(clean(sql, limit * 4).split()), limit)


def laid_out(sql: str) -> str:
    """The statement over several lines with indentation; cut if it is huge."""
    if len(sql) > _MOST_FORMATTED:
        left_out = max(0, len(sql) - _MOST_SHOWN)
        tail = f"\n… {left_out:,} more characters" if left_out else ""
        return "\n".join(clean_lines(sql[:_MOST_SHOWN])) + tail
    try:
        formatted = sqlparse.format(sql, reindent=True, keyword_case="upper")
    except (SQLParseError, RecursionError, ValueError):
        formatted = sql
    return "\n".join(clean_lines(formatted)).strip()


Piece = tuple[str, str]


class Typesetter:
    """Lays statements out for one page, each once; past ``budget`` of them, as they are.

    A page may repeat a statement many times and hold thousands, at some milliseconds each.
    """

    def __init__(self, budget: int = 400) -> None:
        self._budget = budget
        self._done: dict[str, tuple[Piece, ...]] = {}

    def __call__(self, sql: str) -> tuple[Piece, ...]:
        """(class, text) pieces that join to the statement.

        The class is ``k`` for a keyword, ``v`` for a placeholder, ``s`` for a literal, or empty.
        """
        if sql in self._done:
            return self._done[sql]
        if len(self._done) >= self._budget:
            return (("", "\n".join(clean_lines(sql, _MOST_SHOWN))),)
        pieces = self._done[sql] = _highlighted(sql)
        return pieces


def _highlighted(sql: str) -> tuple[Piece, ...]:
    text = laid_out(sql)
    if len(sql) > _MOST_FORMATTED:
        return (("", text),)
    pieces: list[Piece] = []
    for kind, piece in tokenize(text):  # type: ignore[no-untyped-call]
        style = _style(kind)
        if pieces and pieces[-1][0] == style:
            pieces[-1] = (style, pieces[-1][1] + piece)
        else:
            pieces.append((style, piece))
    return tuple(pieces)


def _style(kind: object) -> str:
    if kind in tokens.Name.Placeholder:
        return "v"
    if kind in tokens.Keyword:
        return "k"
    if kind in tokens.Literal and kind not in tokens.String.Symbol:
        return "s"
    return ""
