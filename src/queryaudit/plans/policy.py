"""What may be planned and what may be executed. Pure: nothing here talks to a database.

Only a query that reads is ever executed again, and only if every function that it calls is known
not to act. What a READ ONLY transaction would let pass all the same, as ``pg_advisory_lock`` and
``pg_terminate_backend``, is volatile and thereby refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from queryaudit.records.plans import PlanMode
from queryaudit.sql.normalise import brackets
from queryaudit.sql.tokens import Token, tokenise
from queryaudit.sql.verbs import Verb, main_verb

#: Statements for which a planner has a choice.
_PLANNED = frozenset({Verb.SELECT, Verb.UPDATE, Verb.DELETE})
#: Words that make more of a query than reading.
_ACTING = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "SHARE", "TRUNCATE", "CALL"})
#: Volatile functions that do nothing but answer.
HARMLESS = frozenset(
    {"random", "clock_timestamp", "timeofday", "statement_timestamp", "gen_random_uuid"}
    | {"uuid_generate_v4", "random_normal", "uuidv4", "uuidv7", "generate_series"}
)
#: Words before a bracket that are no functions.
_NO_FUNCTION = frozenset(
    {"IN", "AND", "OR", "NOT", "VALUES", "EXISTS", "ANY", "ALL", "SOME", "AS", "ON", "FROM", "JOIN"}
    | {"WHERE", "OVER", "FILTER", "SELECT", "WITH", "USING", "BY", "UNION", "THEN", "WHEN", "ELSE"}
    | {"CASE", "LATERAL", "GROUP", "DISTINCT", "INTERVAL", "ARRAY", "ROW", "WITHIN", "LIMIT"}
    | {"OFFSET", "RETURNING", "MATERIALIZED", "EXCEPT", "INTERSECT", "LIKE", "BETWEEN", "IS", "SET"}
)
_CALL = re.compile(r'(?:"((?:[^"]|"")+)"|([^\W\d][\w$]*))\s*\(')


class Permission(NamedTuple):
    """The furthest that a statement may be taken, and why no further.

    Refused without a reason: there is nothing to plan, as with SAVEPOINT.
    """

    mode: PlanMode
    reason: str = ""


def permission(sql: str, wanted: PlanMode, vendor: str) -> Permission:
    """What may be done with ``sql``; functions apart, which only the server knows."""
    if vendor not in ("postgresql", "sqlite"):
        return Permission(PlanMode.REFUSED, f"plans of {vendor} are not read")
    tokens, truncated = tokenise(sql)
    if truncated:
        return Permission(PlanMode.REFUSED, "the statement is too long")
    last = max((i for i, token in enumerate(tokens) if token.text != ";"), default=-1)
    if any(token.text == ";" for token in tokens[:last]):
        return Permission(PlanMode.REFUSED, "it is more than one statement")
    verb, _ = main_verb(tokens, brackets(tokens))
    if verb not in _PLANNED:
        return Permission(PlanMode.REFUSED)
    if wanted is not PlanMode.ANALYZED:
        return Permission(wanted)
    if vendor == "sqlite":
        return Permission(PlanMode.PLANNED)
    return _execution(tokens, verb)


def only_reads(sql: str) -> bool:
    """Whether a statement is one query that says nothing but what it reads; functions apart."""
    return permission(sql, PlanMode.ANALYZED, "postgresql").mode is PlanMode.ANALYZED


def _execution(tokens: Iterable[Token], verb: Verb) -> Permission:
    if verb is not Verb.SELECT:
        return Permission(PlanMode.PLANNED, "it writes")
    acting = sorted({token.word for token in tokens} & _ACTING)
    if acting:
        return Permission(PlanMode.PLANNED, f"it says {acting[0]}, so it may write or lock")
    return Permission(PlanMode.ANALYZED)


def called(text: str) -> frozenset[str]:
    """The functions that a statement or an expression of a plan calls, by bare name.

    Rather too many than too few: a type with a length and a table with columns look alike.
    """
    without_strings = re.sub(r"'(?:[^']|'')*'", "''", text)
    found = set()
    for quoted, bare in _CALL.findall(without_strings):
        if quoted:
            found.add(quoted.replace('""', '"'))
        elif bare.upper() not in _NO_FUNCTION:
            found.add(bare.lower())
    return frozenset(found)


def after_functions(permitted: Permission, volatile: Collection[str]) -> Permission:
    """``permitted``, once the server has said which of the functions are volatile."""
    acting = sorted(set(volatile) - HARMLESS)
    if permitted.mode is PlanMode.ANALYZED and acting:
        return Permission(PlanMode.PLANNED, f"it calls {acting[0]}(), which may do something")
    return permitted
