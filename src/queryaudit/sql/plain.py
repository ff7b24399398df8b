"""The parts of a query that has no other query in it, as far as they are plain to read."""

from __future__ import annotations

import re
from typing import NamedTuple

from queryaudit.sql.normalise import normalise

_NAME = r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+"|`[^`]+`)'
_SOURCE = re.compile(
    rf"(?:\bFROM|\bJOIN|\bUPDATE|,) ({_NAME})(?: (?:AS )?"
    rf"(?!(?:ON|USING|SET|WHERE|GROUP|ORDER|LIMIT|INNER|LEFT|RIGHT|FULL|CROSS|NATURAL|JOIN|UNION)\b)"
    rf"({_NAME}))?(?= |,|\)|$)",
    re.IGNORECASE,
)
_CLAUSES = re.compile(
    r"(?:SELECT (?P<distinct>DISTINCT )?.+? FROM|UPDATE|DELETE FROM) .+?"
    r"(?: WHERE (?P<where>.+?))?(?P<group> GROUP BY .+?)?(?: ORDER BY (?P<order>.+?))?"
    r"(?P<limit> LIMIT .+)?",
    re.IGNORECASE | re.DOTALL,
)
_INNER = re.compile(r"\b(?:SELECT|UNION|INTERSECT|EXCEPT|RETURNING)\b", re.IGNORECASE)
_LONGEST = 20_000


class PlainQuery(NamedTuple):
    """Normalised text of the clauses; empty for those that are not there."""

    where: str
    order: str  #: empty also where rows are grouped before
    has_limit: bool


def sources(text: str) -> dict[str, str]:
    """The tables that a statement names, by alias; of one that is named twice all aliases."""
    found = {}
    for table, alias in _SOURCE.findall(normalise(text[:_LONGEST])):
        found[_bare(alias or table)] = _bare(table)
    return found


def plain_query(text: str) -> PlainQuery | None:
    """None for a statement with a query inside, or of another kind."""
    text = normalise(text[: _LONGEST + 1])
    match = _CLAUSES.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None or _INNER.search(text, len("SELECT")):
        return None
    is_grouped = match["group"] is not None or match["distinct"] is not None
    order = "" if is_grouped else match["order"] or ""
    return PlainQuery(match["where"] or "", order, match["limit"] is not None)


def _bare(name: str) -> str:
    if name.startswith('"'):
        return name[1:-1].replace('""', '"')
    return name[1:-1] if name.startswith("`") else name
