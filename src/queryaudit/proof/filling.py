"""Statements of a trace with values in the place of parameters, so that they find the rows of a
replay: where a column is compared, the row's own value; where a row is made, a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from queryaudit.locking.reading import read
from queryaudit.proof.meeting_rows import ELSEWHERE, Rows
from queryaudit.records.definitions import Column
from queryaudit.sql.normalise import brackets
from queryaudit.sql.tokens import Token, TokenKind, tokenise
from queryaudit.sql.verbs import Verb, main_verb

_COMPARISONS = frozenset({"=", "<", ">", "<=", ">=", "<>", "!=", "LIKE", "ILIKE", "IN", "BETWEEN"})
_COMPARISONS |= {"ANY", "@>", "<@", "&&", "~", "~*"}
_AFTER_TABLE = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "ONLY"})
_NOT_ALIAS = frozenset({"SET", "WHERE", "ON", "USING", "INNER", "LEFT", "RIGHT", "FULL", "CROSS"})
_NOT_ALIAS |= {"JOIN", "GROUP", "ORDER", "LIMIT", "FOR", "VALUES", "SELECT", "RETURNING", "DEFAULT"}
_LITERALS = frozenset({TokenKind.STRING, TokenKind.NUMBER})


def filled(text: str, rows: Rows, number: int, claim: object = None, *, meets: bool = False) -> str:
    """``text`` with values. ``number`` is the row that it is about; ``claim`` names the unique
    values of a row that it makes; ``meets`` says that an INSERT finds its row there already.

    Literals in the place of parameters are replaced as well: they may be anybody's.
    """
    tokens, _ = tokenise(text)
    pairs = brackets(tokens)
    verb, start = main_verb(tokens, pairs)
    if verb is Verb.INSERT:
        return _insert(tokens, pairs, start, rows, number if meets else rows.fresh(claim))
    values = _values(tokens, verb, rows, number)
    if verb is Verb.UPDATE:
        reading = read(text)
        rows.moved -= {(reading.target, name) for name in reading.columns}
    return _render(tokens, values)


def _render(tokens: Sequence[Token], values: Mapping[int, str]) -> str:
    parts = []
    for index, token in enumerate(tokens):
        written = values.get(index, "%" if token.text == "%%" else token.text)
        parts.append((" " if token.spaced and written else "") + written)
    return "".join(parts).strip()


def _values(tokens: Sequence[Token], verb: Verb, rows: Rows, number: int) -> dict[int, str]:
    aliases = _aliases(tokens)
    main = next(iter(aliases.values()), "")
    found: dict[int, str] = {}
    column: tuple[str, str] = (main, "")
    setting = condition = negated = False
    denied = _denied(tokens)
    compared = ""
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.word == "SET" and verb is Verb.UPDATE:
            setting = True
        elif token.word == "WHERE":
            setting, condition = False, True
        elif token.word in ("AND", "OR", "WHERE", "ON"):
            negated = False
            compared = ""
        elif token.word == "NOT":
            negated = True
        elif token.text in _COMPARISONS or token.word in _COMPARISONS:
            compared = token.word or token.text
        elif token.name and after != "(" and after != "." and token.kind is not TokenKind.NUMBER:
            dotted = before is not None and before.text == "." and index >= 2
            owner = aliases.get(tokens[index - 2].name, main) if dotted else main
            if rows.schema.column(owner, token.name) is not None:
                column = (owner, token.name)
        literal = (condition or setting) and token.kind in _LITERALS and before is not None
        if index in found:
            continue  # part of a cast
        if token.kind is TokenKind.PLACEHOLDER or (literal and _is_operand(tokens, index)):
            listed = compared == "ANY"
            changed = setting and (before is not None and before.text == "=")
            other = negated or index in denied or compared
            value = _value(rows, column, number, changed=changed, other=other)
            if literal and before is not None and before.text == "-":
                found[index - 1] = ""
            found[index] = "'{" + value.strip("'") + "}'" if listed else value
            found.update(_cast(tokens, index, rows.schema.column(*column)))
    return found


def _denied(tokens: Sequence[Token]) -> set[int]:
    """Where what stands must not hold: in the brackets after NOT, subqueries included."""
    pairs = brackets(tokens)
    found: set[int] = set()
    for index, token in enumerate(tokens):
        if token.word != "NOT":
            continue
        after = index + 1
        while after < len(tokens) and tokens[after].text != "(" and tokens[after].word != "AND":
            after += 1
        found.update(range(after, pairs.get(after, after)))
    return found


def _cast(tokens: Sequence[Token], index: int, column: Column | None) -> dict[int, str]:
    """What a cast after a parameter asks for: a configuration's name, or an array, whose type
    nobody needs to know."""
    if index + 2 >= len(tokens) or tokens[index + 1].text != "::":
        return {}
    if tokens[index + 2].word == "REGCONFIG":
        return {index: "'simple'"}
    if column is None or column.kind != "ArrayField":
        return {}
    end = index + 2
    while end < len(tokens) and tokens[end].text not in ("[", "]", ",", "="):
        end += 1  # a type may be of several words, and have a length
    while end < len(tokens) and tokens[end].text in ("[", "]"):
        end += 1
    return dict.fromkeys(range(index + 1, end), "")


def _is_operand(tokens: Sequence[Token], index: int) -> bool:
    before = tokens[index - 2 if tokens[index - 1].text == "-" else index - 1]
    return before.text in _COMPARISONS or before.word in _COMPARISONS or before.text == "("


def _value(
    rows: Rows, place: tuple[str, str], number: int, *, changed: bool, other: bool | str
) -> str:
    table, name = place
    column = rows.schema.column(table, name)
    if column is None:
        return f"'{number}'"
    if table in rows.made and not changed:
        if column.primary and table in rows.keys:
            return rows.keys[table]
        if name in rows.made[table]:
            return rows.made[table][name]
    if place in rows.moved and not changed:
        number = ELSEWHERE
    if changed and column.unique:
        return rows.schema.value(column, rows.fresh())
    if other is True or other in ("<>", "!="):
        return rows.schema.value(column, 999)
    if other == ">":
        return rows.schema.value(column, 0)
    if other == "<":
        return rows.schema.value(column, 998)
    return rows.schema.value(column, number)


def _aliases(tokens: Sequence[Token]) -> dict[str, str]:
    """Tables by the names under which their columns are written."""
    found: dict[str, str] = {}
    for index, token in enumerate(tokens[:-1]):
        name = tokens[index + 1].name
        if token.word not in _AFTER_TABLE or not name or tokens[index + 1].word == "ONLY":
            continue
        after = index + 2
        if after < len(tokens) and tokens[after].word == "AS":
            after += 1
        alias = tokens[after].name if after < len(tokens) else ""
        found.setdefault(name, name)
        if alias and tokens[after].word not in _NOT_ALIAS:
            found[alias] = name
    return found


def _insert(
    tokens: Sequence[Token], pairs: Mapping[int, int], start: int, rows: Rows, fresh: int
) -> str:
    """New values for a row that is made; references to the rows that are there, or were made."""
    index = start + 1
    while index + 1 < len(tokens) and tokens[index].word in ("INTO", "OR", "IGNORE"):
        index += 1
    table = tokens[index].name
    while index < len(tokens) and tokens[index].text != "(":
        index += 1
    columns = [token.name for token in tokens[index + 1 : pairs.get(index, index)] if token.name]
    found: dict[int, str] = {}
    index = pairs.get(index, index) + 1
    while index < len(tokens) and tokens[index].word not in ("VALUES", "UNNEST"):
        index += 1
    unnested = index < len(tokens) and tokens[index].word == "UNNEST"
    index += 1
    while index < len(tokens) and tokens[index].word not in ("ON", "RETURNING"):
        if tokens[index].text == "(":
            _group(tokens, range(index + 1, pairs[index]), table, columns, rows, fresh, found)
            fresh = rows.fresh()
        if unnested:
            found = {at: _array(value) for at, value in found.items()}
            break
        index = pairs.get(index, index) + 1
    return _render(tokens, found)


def _array(literal: str) -> str:
    """A literal as an array of one, as ``UNNEST`` takes it: a column of rows that are made."""
    escaped = literal[1:-1].replace("\\", "\\\\").replace('"', '\\"')
    return f"'{{\"{escaped}\"}}'"


def _group(
    tokens: Sequence[Token],
    inner: range,
    table: str,
    columns: Sequence[str],
    rows: Rows,
    fresh: int,
    found: dict[int, str],
) -> None:
    """The values of one row."""
    made: dict[str, str] = {}
    position = depth = 0
    for index in inner:
        token = tokens[index]
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if token.text == "," and depth == 0:
            position += 1
        elif token.kind in (TokenKind.PLACEHOLDER, TokenKind.STRING) and position < len(columns):
            name = columns[position]
            column = rows.schema.column(table, name)
            value = _new(rows, column, fresh) if column is not None else f"'{fresh}'"
            found[index] = made[name] = value
            found.update(_cast(tokens, index, column))
    rows.made[table] = made


def _new(rows: Rows, column: Column, fresh: int) -> str:
    parent = rows.schema.parent(column)
    if parent is None:
        return rows.schema.value(column, fresh)
    if parent.table in rows.keys:
        return rows.keys[parent.table]
    return rows.schema.value(column, 1)
