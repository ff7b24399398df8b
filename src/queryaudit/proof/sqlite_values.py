"""Values for statements on SQLite, from a sample of the rows. Its plans name no conditions, so
what a parameter is compared with is read in the statement itself."""

from __future__ import annotations

import re
from typing import Any

from queryaudit.advice.conditions import Clause, Compared, clauses
from queryaudit.advice.sqlite_plans import as_conditions
from queryaudit.plans.postgres import numbered
from queryaudit.plans.quoting import quoted
from queryaudit.plans.server import Server
from queryaudit.proof.values import Place, chosen, value_sets
from queryaudit.sql.plain import plain_query, sources

_SAMPLED = 3_000
#: A parameter as a word, which normalising leaves alone.
_PARAMETER = re.compile(r"\$(\d+)")
_WORD = re.compile(r"\bqueryaudit_value_(\d+)\b")
_CALL = re.compile(r"\w\(")
#: Rows from everywhere, and always the same: what follows a pattern from row to row is met too.
_SAMPLE = """
SELECT {column} FROM {table} WHERE {column} IS NOT NULL
AND (((rowid * 2654435761) & 4294967295) >> 7) %% %s = 0 LIMIT %s
"""


def sampled_sets(server: Server, sql: str) -> list[tuple[Any, ...]] | None:
    """Sets of values for ``sql``; None if some can't be found."""
    if "%(" in sql:
        return None
    text = numbered(sql)
    words = _PARAMETER.sub(r"queryaudit_value_\1", text)
    query = plain_query(words)
    where = _WORD.sub(r"$\1", query.where) if query is not None else ""
    known = [c for c in clauses(as_conditions(where)) if not _is_call(c)]
    tables = {alias: ("", table) for alias, table in sources(words).items()}
    return value_sets(text, known, tables, lambda place: _sample(server, place))


def _is_call(clause: Clause) -> bool:
    """Whether its values may be for a function, as a time zone's name is, and not the column's."""
    return clause.test is Compared.OTHER and _CALL.search(clause.text) is not None


def _sample(server: Server, place: Place) -> list[Any]:
    """A few values of a column, from the commonest to the rarest."""
    column, table = quoted(place.column), quoted(place.table)
    [[rows]] = server.run(f"SELECT count(*) FROM {table}", ())
    text = _SAMPLE.format(column=column, table=table)
    found = server.run(text, (max(1, rows // _SAMPLED), _SAMPLED))
    return chosen([row[0] for row in found], place.role)
