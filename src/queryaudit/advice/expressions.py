"""Expressions that a plan's condition compares with values: ``UPPER(column)`` and the like.

Of an expression without statistics of its own the planner knows nothing, whatever it knows of the
column: it takes a two-hundredth for what equals a value, and a third for a range.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from queryaudit.advice.conditions import clauses, columns_in, parts
from queryaudit.records.plans import Relation
from queryaudit.sql.quoting import identifier

_EQUAL = "="
_MATCHED = frozenset({"~~", "~~*"})
_OPERATOR = re.compile(r" (?P<operator><=|>=|=|<|>|~~\*|~~) ")
_CAST = re.compile(r"::[\w\" ]+(?:\([\d?,]+\))?(?:\[\])*")
#: Constants that code can name: the time zone of Django's date lookups, and a key of JSON.
ZONE, KEY = "AT TIME ZONE ?::text", re.compile(r"->>? \?::text")
_LOOKUPS = frozenset(
    {"exact", "iexact", "contains", "icontains", "in", "gt", "gte", "lt", "lte", "range", "isnull"}
    | {"startswith", "istartswith", "endswith", "iendswith", "regex", "iregex"}
)


class Expression(NamedTuple):
    """One side of a comparison with a value. ``text`` as the server writes it, its constants as
    ``?``, columns without their table."""

    text: str
    columns: tuple[str, ...]
    operator: str

    @property
    def is_matched(self) -> bool:
        return self.operator in _MATCHED

    @property
    def is_equal(self) -> bool:
        return self.operator == _EQUAL


def compared(condition: str, alias: str) -> Iterator[Expression]:
    """The expressions over columns of ``alias`` alone that are compared with values."""
    for part in parts(condition):
        for text in parts(part):
            operator = _outermost(text)
            if operator is None:
                continue
            left, right = text[: operator.start()], text[operator.end() :]
            named = columns_in(left)
            if not named or {owner for owner, _ in named} != {alias} or columns_in(right):
                continue
            bare = _unqualified(left, alias)
            if canonical(bare) not in {canonical(identifier(column)) for _, column in named}:
                yield Expression(bare, tuple(c for _, c in named), operator["operator"])


def canonical(text: str) -> str:
    """Equal for one expression in the spellings that plans and the catalogue have for it."""
    without = _CAST.sub("", re.sub(r"'(?:[^']|'')*'", "?", text))
    return re.sub(r"[\s()\"]", "", without).lower()


def is_known(expression: Expression, relation: Relation) -> bool:
    """Whether the server keeps statistics of it: an index on an expression has them, too."""
    known = [text for texts in relation.statistics for text in texts]
    known += [key.text for index in relation.indexes for key in index.keys if not key.is_column]
    return canonical(expression.text) in set(map(canonical, known))


def conditions_of(texts: Iterable[str]) -> int:
    """How many parts conditions have that name a column."""
    return sum(len(clauses(text)) for text in texts)


def json_key(column: str, sources: Collection[str]) -> str | None:
    """The one key of a JSON column by which code filters: ``details__fragile=True``."""
    found = set()
    for source in sources:
        for path in re.findall(rf"\b{re.escape(column)}__(\w+)\s*=(?!=)", source):
            names = path.split("__")
            found.add("__".join(names[:-1] if names[-1] in _LOOKUPS else names))
    return found.pop() if len(found) == 1 and not any("__" in key for key in found) else None


def _unqualified(text: str, alias: str) -> str:
    names = "|".join(re.escape(name) for name in (alias, identifier(alias)))
    return re.sub(rf'(?<![\w$".])(?:{names})\.', "", text)


def _outermost(text: str) -> re.Match[str] | None:
    """The only comparison that stands outside of all brackets."""
    found = [m for m in _OPERATOR.finditer(text) if _depth(text[: m.start()]) == 0]
    return found[0] if len(found) == 1 else None


def _depth(text: str) -> int:
    plain = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "", text)
    return plain.count("(") - plain.count(")")
