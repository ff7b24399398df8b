"""What stands in a SQL text where a part is put in."""

from __future__ import annotations

import re

from queryaudit.composition.values import Gap, Text, Variant
from queryaudit.records.texts import Spot

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<line>--[^\n]*)|(?P<comment>/\*.*?(?:\*/|\Z))|(?P<quote>')"
    r"|(?P<double>[\"`])|(?P<word>\w+)|(?P<operator><=|>=|<>|!=|\|\||::|%%|.)",
    re.DOTALL,
)
_VALUE_BEFORE = frozenset({"=", "<", ">", "<=", ">=", "<>", "!=", "||"})
_VALUE_BEFORE |= {"LIKE", "ILIKE", "BETWEEN", "REGEXP", "SIMILAR", "IS", "ESCAPE", "INTERVAL"}
_NAME_BEFORE = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "BY", ".", "AS", "ONLY"})
_NAME_BEFORE |= {"SELECT", "DISTINCT", "TRUNCATE", "INDEX", "COLUMN", "SEQUENCE", "VIEW", "SCHEMA"}
_NAME_BEFORE |= {
    "SET",
    "EXISTS",
    "ANALYZE",
    "VACUUM",
    "REINDEX",
    "USING",
    "CONCURRENTLY",
    "DATABASE",
}
_CLAUSES = frozenset(
    {"SELECT", "FROM", "WHERE", "SET", "VALUES", "LIMIT", "OFFSET", "HAVING", "BY"}
)
_CLAUSES |= {"INTO", "ON", "RETURNING", "IN", "ANY", "ARRAY", "JOIN"}
_COMPARED = re.compile(r"\s*(=|<|>|!=|(?:NOT\s+)?(?:I?LIKE|IN|BETWEEN)\b|IS\b)", re.IGNORECASE)


class _Lexer:
    """Where a text stands after what was read of it so far."""

    def __init__(self) -> None:
        self.quote = ""
        self.before = ""
        self.clause = ""
        #: The clause and the word before each open bracket.
        self.open: list[tuple[str, str]] = []

    def read(self, text: str) -> None:
        position = 0
        while position < len(text):
            if self.quote:
                end = text.find(self.quote, position)
                if end < 0:
                    return
                position, self.quote = end + 1, ""
                self.before = "'"
                continue
            match = _TOKEN.match(text, position)
            if match is None:
                return
            position = match.end()
            if match.lastgroup in ("quote", "double"):
                self.quote = match.group()
            elif match.lastgroup in ("word", "operator"):
                self._token(match.group().upper())

    def _token(self, word: str) -> None:
        if word == "(":
            self.open.append((self.clause, self.before))
            if self.before in ("IN", "ANY", "VALUES", "ARRAY"):
                self.clause = self.before
        elif word == ")" and self.open:
            self.clause = self.open.pop()[0]
        elif word in _CLAUSES:
            self.clause = word
        self.before = word

    def spot(self, after: str) -> Spot:
        if self.quote == "'":
            return Spot.LITERAL
        if self.quote:
            return Spot.IDENTIFIER
        if self.before in ("LIMIT", "OFFSET") or self.clause in ("LIMIT", "OFFSET"):
            return Spot.LIMIT
        if self.clause in ("IN", "ANY", "VALUES", "ARRAY") and self.before in ("(", ",", "["):
            return Spot.VALUE
        if self.before in _VALUE_BEFORE:
            return Spot.VALUE
        if self.before in _NAME_BEFORE:
            return Spot.IDENTIFIER
        if self.clause in ("SELECT", "FROM", "BY", "INTO", "RETURNING") and self.before != "":
            return Spot.IDENTIFIER
        if self.before in ("WHERE", "AND", "OR", "NOT", "ON", "(", ",") and _COMPARED.match(after):
            return Spot.IDENTIFIER
        if self.clause == "SET" and self.before == "," and _COMPARED.match(after):
            return Spot.IDENTIFIER
        if not self.before and after.startswith("("):
            return Spot.IDENTIFIER  # a function's name, as in a template of Func
        return Spot.CLAUSE

    def fill(self) -> None:
        if not self.quote:
            self.before = "x"


def spots(variant: Variant) -> list[Spot]:
    """One for each gap, in order."""
    lexer = _Lexer()
    found = []
    for index, part in enumerate(variant):
        if isinstance(part, Text):
            lexer.read(part.text)
            continue
        following = variant[index + 1] if index + 1 < len(variant) else None
        after = following.text if isinstance(following, Text) else ""
        found.append(lexer.spot(after))
        if isinstance(part, Gap):
            lexer.fill()
    return found


def quoted_placeholder(text: str) -> bool:
    """Whether a placeholder stands between quotes. Linear: a text is cut at its quotes."""
    if "'" not in text or "%" not in text:
        return False
    lexer = _Lexer()
    for number, piece in enumerate(re.split(r"(%%|%\(\w+\)s|%s)", text)):
        if number % 2 and piece != "%%":
            if lexer.quote == "'":
                return True
            lexer.fill()
            continue
        lexer.read(piece)
    return False
