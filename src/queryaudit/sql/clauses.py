"""What the clauses of a query's outermost level say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from queryaudit.sql.normalise import VALUE_KINDS, is_value_list
from queryaudit.sql.tokens import Token, TokenKind

_CLAUSES = frozenset({"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH"})
_CLAUSES |= {"FOR", "WINDOW", "RETURNING", "UNION", "INTERSECT", "EXCEPT"}
_COMBINED = frozenset({"UNION", "INTERSECT", "EXCEPT", "GROUP"})
_AGGREGATES = frozenset({"COUNT", "SUM", "MAX", "MIN", "AVG", "EXISTS", "BOOL_OR", "BOOL_AND"})
_AGGREGATES |= {"STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP"}
_AGGREGATES |= {"ARRAY_AGG", "STRING_AGG", "JSONB_AGG", "GROUP_CONCAT", "ANY_VALUE"}
_NOT_COLUMNS = frozenset({"NULL", "TRUE", "FALSE", "DISTINCT", "CASE", "WHEN", "THEN", "ELSE"})
_NOT_COLUMNS |= {"END", "AND", "OR", "NOT", "IS", "PRECISION", "INTERVAL", "ALL"}
_RANDOM = frozenset({"RANDOM", "RAND"})
_COMPARISONS = frozenset({"<", ">", "<=", ">="})
_CONDITION_EDGES = frozenset({"WHERE", "AND", "OR", "NOT"})

#: MySQL's way to write "no limit" before an OFFSET.
_UNLIMITED = 2**63
_CONDITION_LENGTH = 30


class Clauses:
    """The clauses of one statement, found once. ``start`` is its main verb's index."""

    def __init__(self, tokens: Sequence[Token], pairs: Mapping[int, int], start: int) -> None:
        self._tokens = tokens
        self._pairs = pairs
        self._start = start
        self._found: dict[str, int] = {}
        self._end = len(tokens)
        for index in self._level(start + 1, len(tokens)):
            token = tokens[index]
            if token.word in _CLAUSES and tokens[index - 1].text != ".":
                distinct = token.word == "FROM" and tokens[index - 1].word == "DISTINCT"
                if not (distinct and tokens[index - 2].word in ("IS", "NOT")):
                    self._found.setdefault(token.word, index)
            elif token.text == ")":
                self._end = index
                break
        self._edges = sorted([*self._found.values(), self._end])

    def _level(self, start: int, end: int) -> Iterator[int]:
        """Indexes outside brackets; of a bracketed part only its opening."""
        index = start
        while index < end:
            yield index
            index = self._pairs.get(index, index) + 1

    def body(self, clause: str) -> range:
        """Indexes of a clause's tokens, its keyword left out."""
        start = self._found.get(clause)
        if start is None:
            return range(0)
        return range(start + 1, next(edge for edge in self._edges if edge > start))

    def limit(self) -> tuple[bool, int | None]:
        """Whether there is a limit, and its number where it is written as one."""
        body = self.body("LIMIT") or self.body("FETCH")
        values = [self._tokens[index] for index in body]
        if not values or values[0].word in ("ALL", "NULL") or values[0].text == "-":
            return False, None
        numbers = [token for token in values if token.kind in VALUE_KINDS]
        if not numbers:
            return "FETCH" in self._found, None
        text = numbers[-1].text
        if numbers[-1].kind is not TokenKind.NUMBER or not text.isdecimal() or len(text) > 30:
            return True, None
        number = int(text)
        return (True, number) if number < _UNLIMITED else (False, None)

    def has(self, clause: str) -> bool:
        return clause in self._found

    def has_offset(self) -> bool:
        if "OFFSET" in self._found:
            return True
        return any(self._tokens[index].text == "," for index in self.body("LIMIT"))

    def select_list(self) -> range:
        """Indexes of the tokens between the verb and the first clause."""
        return range(self._start + 1, self._edges[0])

    def is_aggregate_only(self) -> bool:
        """Whether the select list has aggregates and nothing else, in one group."""
        if _COMBINED & self._found.keys():
            return False
        aggregates = self._aggregates_of_select_list()
        if not aggregates:
            return False
        return all(aggregates) or (self.limit() == (True, 1) and not any(aggregates))

    def _aggregates_of_select_list(self) -> list[bool]:
        """For each item whether it aggregates; empty as soon as a column stands alone."""
        tokens, end = self._tokens, self._edges[0]
        items = [False]
        index = self._start + 1
        depth = 0
        while index < end:
            token = tokens[index]
            after = tokens[index + 1].text if index + 1 < len(tokens) else ""
            before = tokens[index - 1]
            if token.text in ("(", "["):
                depth += 1
            elif token.text in (")", "]"):
                depth -= 1
            elif token.text == "," and depth == 0:
                items.append(False)
            elif token.text == "*" and (before.text in (",", ".") or before is tokens[self._start]):
                return []
            elif token.name and after == "(":
                if token.word in _AGGREGATES:
                    items[-1] = True
                    index = self._pairs[index + 1] + 1
                    if index < end and tokens[index].word == "FILTER":
                        index = self._pairs.get(index + 1, index) + 1
                    if index < end and tokens[index].word == "OVER":
                        return []
                    continue
            elif token.word == "AS":
                index += 1
            elif token.name and token.word not in _NOT_COLUMNS:
                alias = before.text == ")" and (after == "," or index + 1 == end)
                if not alias and before.text != "::":
                    return []
            index += 1
        return items

    def is_keyset_page(self) -> bool:
        """Whether it reads the next rows of an order: ``a > ? .. ORDER BY a LIMIT n``, n > 1."""
        has_limit, limit = self.limit()
        order = [self._tokens[index] for index in self.body("ORDER")]
        if not has_limit or limit in (0, 1) or not order:
            return False
        names = {token.name.casefold() for token in order if token.name}
        by_position = any(token.kind is TokenKind.NUMBER for token in order)
        body = self.body("WHERE")
        index = body.start
        while index < body.stop:
            token = self._tokens[index]
            inner = self._tokens[index + 1] if index + 1 < body.stop else None
            if token.text == "(" and inner is not None and inner.word in ("SELECT", "WITH"):
                index = self._pairs[index] + 1
                continue
            if token.text in _COMPARISONS and inner is not None and self._is_value(index + 1):
                compared = self._names_before(index, body.start)
                if compared & names or (compared and by_position):
                    return True
            index += 1
        return False

    def compared(self) -> tuple[str, ...] | None:
        """The columns of ``a = ? AND b IN (?, ?)``, without their tables.

        Empty without a condition; None for one that says anything else.
        """
        body, tokens, pairs = self.body("WHERE"), self._tokens, self._pairs
        index, end = body.start, body.stop
        while index < end and tokens[index].text == "(" and pairs.get(index) == end - 1:
            index, end = index + 1, end - 1
        names: list[str] = []
        while index < end:
            name = index
            while name + 2 < end and tokens[name].name and tokens[name + 1].text == ".":
                name += 2
            value = name + 2
            if not tokens[name].name or value >= end:
                return None
            listed = tokens[name + 1].word == "IN" and tokens[value].text == "("
            if not (listed or tokens[name + 1].text == "=") or not self._is_value(value):
                return None
            names.append(tokens[name].name)
            index = pairs.get(value, value) + 1
            while index + 1 < end and tokens[index].text == "::":
                index += 2
            if index < end and tokens[index].word != "AND":
                return None
            index += 1
        return tuple(names)

    def is_random(self) -> bool:
        """Whether the rows come in an order that chance decides."""
        return any(
            self._tokens[index].word in _RANDOM and index + 1 in self._pairs
            for index in self.body("ORDER")
        )

    def _is_value(self, index: int) -> bool:
        token = self._tokens[index]
        if token.text == "(":
            return is_value_list(self._tokens, index + 1, self._pairs[index])
        if token.text in ("-", "+") and index + 1 < len(self._tokens):
            token = self._tokens[index + 1]
        return token.kind in VALUE_KINDS

    def _names_before(self, index: int, start: int) -> set[str]:
        names: set[str] = set()
        for position in range(index - 1, max(start, index - _CONDITION_LENGTH) - 1, -1):
            token = self._tokens[position]
            if token.word in _CONDITION_EDGES:
                break
            if token.name and self._tokens[position + 1].text != ".":
                names.add(token.name.casefold())
        return names


def binds_list(tokens: Sequence[Token], pairs: Mapping[int, int]) -> bool:
    """Whether the statement asks for a list of values: IN (..) or ANY(?).

    A list of one counts: it is what is left for the last batch, or a level of a tree.
    """
    for index, token in enumerate(tokens[:-1]):
        opening = index + 1
        if token.word == "IN":
            if tokens[opening].kind is TokenKind.PLACEHOLDER:
                return True
            if tokens[opening].text == "(":
                end = pairs[opening]
                if is_value_list(tokens, opening + 1, end):
                    return True
        elif token.word == "ANY" and tokens[opening].text == "(":
            first = opening + 1
            while first < len(tokens) and tokens[first].text == "(":
                first += 1
            if first < len(tokens) and (
                tokens[first].kind in VALUE_KINDS or tokens[first].word == "ARRAY"
            ):
                return True
    return False
