"""What a plan's conditions ask of columns. Reads PostgreSQL's own spelling, literals as ``?``.

The server has resolved views and aliases and qualified every column, so no SQL is parsed here:
a condition is split at its outermost ANDs, and each part is one of a few shapes.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple


class Compared(Enum):
    """How a column is compared: what decides which kind of index serves it."""

    EQUAL = "="
    ONE_OF = "= ANY"
    RANGE = "<"
    IS_NULL = "IS NULL"
    NOT_NULL = "IS NOT NULL"
    TRUE = "true"
    FALSE = "false"
    PREFIX = "LIKE 'x%'"
    INFIX = "LIKE '%x%'"
    CONTAINS = "@>"
    OVERLAPS = "&&"
    MATCHES = "@@"
    OTHER = "other"  #: nothing that an index is proposed for


class Clause(NamedTuple):
    """One part of a condition. ``function``: what is applied to the column before comparing."""

    alias: str
    column: str
    test: Compared
    function: str
    joined: bool  #: compared with another table's column, not with a value
    text: str


_NAME = r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+")'
_CAST = r"(?:::[\w\" ]+(?:\(\d+\)|\(\?\))?(?:\[\])*)*"
_COLUMN = rf"\(*(?P<alias>{_NAME})\.(?P<column>{_NAME})\)*{_CAST}\)*{_CAST}"
_OPERATOR = (
    r"(?P<operator><=|>=|<>|!=|=|<|>|!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|~|@>|<@|&&|@@|\?\||\?&|\?)"
)
_PLAIN = re.compile(rf"{_COLUMN}\s+{_OPERATOR}\s+(?P<value>.+)", re.DOTALL)
_CALLED = re.compile(
    rf"\(*(?P<function>upper|lower|unaccent|btrim|abs)\({_COLUMN}\){_CAST}\s+{_OPERATOR}\s+"
    r"(?P<value>.+)",
    re.DOTALL,
)
_DATE = re.compile(
    rf"\(*\(\(*(?P<alias>{_NAME})\.(?P<column>{_NAME})\)* AT TIME ZONE [^()]+\)\)*::date\)*\s+"
    rf"{_OPERATOR}\s+(?P<value>.+)",
    re.DOTALL,
)
_CAST_DATE = re.compile(
    rf"\(\(*(?P<alias>{_NAME})\.(?P<column>{_NAME})\)*\)::date\)*\s+{_OPERATOR}\s+(?P<value>.+)",
    re.DOTALL,
)
_PART = re.compile(
    rf"\(*(?:EXTRACT\(\w+ FROM|date_part\(\?::text,)\s*\(*(?P<alias>{_NAME})\.(?P<column>{_NAME})"
    rf".*?{_OPERATOR}\s+(?P<value>.+)",
    re.DOTALL,
)
_NULL = re.compile(rf"{_COLUMN}\s+IS\s+(?P<no>NOT )?NULL\)*", re.DOTALL)
_FLAG = re.compile(rf"(?P<no>\(*NOT )?\(*(?P<alias>{_NAME})\.(?P<column>{_NAME})\)*")
_ANY_COLUMN = re.compile(rf"(?<![\w$\"])(?P<alias>{_NAME})\.(?P<column>{_NAME})(?!\()")
_COMPARISONS = {"=": Compared.EQUAL, "<": Compared.RANGE, ">": Compared.RANGE, "<=": Compared.RANGE,
                ">=": Compared.RANGE, "@>": Compared.CONTAINS, "&&": Compared.OVERLAPS,
                "@@": Compared.MATCHES}  # fmt: skip
_TURNED = {"=": "=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def clauses(condition: str) -> tuple[Clause, ...]:
    """The parts of a condition that name a column, in order. OR stays one part, as OTHER."""
    found = []
    for part in parts(condition):
        clause = _clause(part)
        if clause is not None:
            found.append(clause)
    return tuple(found)


def columns_in(text: str) -> tuple[tuple[str, str], ...]:
    """Alias and name of every column that an expression names, in order, each once."""
    without = re.sub(r"'[^']*'", "''", text)
    return tuple(dict.fromkeys((_bare(a), _bare(c)) for a, c in _ANY_COLUMN.findall(without)))


def parts(condition: str) -> list[str]:
    """``condition`` split at its outermost ANDs, brackets around the whole taken off."""
    return _split(condition, " AND ")


def arms(condition: str) -> list[str]:
    """The same at its outermost ORs."""
    return _split(condition, " OR ")


def _split(condition: str, word: str) -> list[str]:
    text = _peeled(condition.strip())
    found: list[str] = []
    depth = start = index = 0
    quote = ""
    while index < len(text):
        character = text[index]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif depth == 0 and text.startswith(word, index):
            found.append(text[start:index])
            start = index = index + len(word)
            continue
        index += 1
    found.append(text[start:])
    if len(found) == 1:
        return found if found[0] else []
    return [piece for part in found for piece in _split(part, word)]


def _peeled(text: str) -> str:
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    depth = 0
    quote = ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return index
    return -1


def _clause(part: str) -> Clause | None:
    text = _peeled(part)
    named = columns_in(text)
    if not named:
        return None
    if _has_or(text):
        return Clause(*named[0], Compared.OTHER, "", False, text)
    for pattern, function in ((_DATE, "date"), (_CAST_DATE, "date"), (_PART, "part")):
        match = pattern.fullmatch(text)
        if match is not None:
            return _compared(match, function, text)
    match = _CALLED.fullmatch(text)
    if match is not None:
        return _compared(match, match["function"], text)
    match = _NULL.fullmatch(text)
    if match is not None:
        test = Compared.NOT_NULL if match["no"] else Compared.IS_NULL
        return Clause(_bare(match["alias"]), _bare(match["column"]), test, "", False, text)
    match = _FLAG.fullmatch(text)
    if match is not None:
        test = Compared.FALSE if match["no"] else Compared.TRUE
        return Clause(_bare(match["alias"]), _bare(match["column"]), test, "", False, text)
    match = _PLAIN.fullmatch(text)
    if match is not None:
        return _compared(match, "", text)
    turned = _turned(text)
    if turned is not None:
        return _clause(turned)
    return Clause(*named[0], Compared.OTHER, "", False, text)


def _compared(match: re.Match[str], function: str, text: str) -> Clause:
    alias, column = _bare(match["alias"]), _bare(match["column"])
    value, operator = match["value"], match["operator"]
    others = columns_in(value)
    if any(other[0] == alias for other in others):
        return Clause(alias, column, Compared.OTHER, function, False, text)
    test = _COMPARISONS.get(operator, Compared.OTHER)
    if operator == "=" and value.startswith("ANY ("):
        test = Compared.ONE_OF
    elif operator in ("~~", "~~*"):
        test = _like(operator, value)
    return Clause(alias, column, test, function, bool(others), text)


def _like(operator: str, value: str) -> Compared:
    """By the pattern's shape; one that is unknown, as in a generic plan, is taken for nothing."""
    if value.startswith(("'%?%'", "'%?'")):
        return Compared.INFIX
    if operator == "~~*" and value.startswith("'"):
        return Compared.INFIX
    if value.startswith("'?%'"):
        return Compared.PREFIX
    if value.startswith("'?'"):
        return Compared.EQUAL
    return Compared.OTHER


def _turned(text: str) -> str | None:
    """``? < t.column`` the other way round."""
    match = re.fullmatch(
        r"(?P<value>\(*[?$][^<>=]*?)\s+(?P<operator><=|>=|=|<|>)\s+(?P<rest>.+)", text
    )
    if match is None or match["operator"] not in _TURNED:
        return None
    return f"{match['rest']} {_TURNED[match['operator']]} {match['value']}"


def _has_or(text: str) -> bool:
    return re.search(r"\bOR\b", re.sub(r"'[^']*'|\"[^\"]*\"", "", text)) is not None


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
