"""What to write instead of a query in a loop that no relation explains.

The code is made from the user's own expression and loop, so that names are theirs. It shows the
pattern; what the loop does with the rows is not known, so it is never applied by itself.
"""

from __future__ import annotations

import re

from queryaudit.advice.batches import Batch, write_batch
from queryaudit.advice.bound_names import bound_in_loop
from queryaudit.advice.location import locate
from queryaudit.advice.lookups import read_lookup
from queryaudit.advice.loops import Loop, plural, read_loop
from queryaudit.advice.raw_sql import batched_sql
from queryaudit.advice.relation_tree import variable
from queryaudit.advice.source import Source, read_source
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.sql.statement import Statement


def advise_loop(
    frame: Frame,
    statement: Statement,
    model: str | None,
    method: str | None = None,
    *,
    arrays: bool = False,
) -> Fix:
    """The fix for a query of ``model`` (if known) that ``frame`` runs once per round.

    ``method``: the queryset's, where it is known; ``arrays``: whether the database takes one for a
    parameter, as PostgreSQL does. Derived from the source where that can be read,
    else a sentence. Never raises.
    """
    try:
        batch = _batch(frame, statement, model or "", arrays=arrays)
    except RecursionError:
        batch = None
    if batch is None:
        batch = _in_general(statement, model, method)
    return Fix(
        title=batch.title,
        applicability=Applicability.DISPLAY_ONLY,
        code=batch.code,
        note=batch.note,
    )


def _batch(frame: Frame, statement: Statement, model: str, *, arrays: bool) -> Batch | None:
    source = read_source(frame)
    loop = read_loop(frame.loop_text)
    if source is None or loop is None:
        return None
    found = locate(source, model.rpartition(".")[2])
    lookup = read_lookup(found, source) if found is not None else None
    if lookup is not None:
        row = variable(lookup.model or model)
        return write_batch(lookup, loop, bound_in_loop(frame), statement, row)
    return _raw_batch(source, loop, arrays=arrays)


def _raw_batch(source: Source, loop: Loop, *, arrays: bool) -> Batch | None:
    found = batched_sql(source, loop, arrays=arrays)
    if found is None:
        return None
    return Batch(
        title="one statement for all values",
        code=found,
        note=("" if arrays else "Without values there is nothing to ask: `IN ()` is no SQL. ")
        + "Select the compared column too, to tell the rows apart.",
    )


def _in_general(statement: Statement, model: str | None, method: str | None) -> Batch:
    """All that can be said without the source."""
    table = statement.tables[0] if statement.tables else "the table"
    name = model.rpartition(".")[2] if model else ""
    if statement.compared is None:
        return Batch(
            title="ask once, before the loop",
            code="",
            note=f"What the loop asks of {table} is no plain lookup by a value: ask once for the "
            "rows of all rounds, with a join, a subquery or the widest condition, and tell them "
            "apart in Python.",
        )
    key = _key(statement)
    rows = f"{name}.objects.filter({key}__in={plural(key)})"
    row = variable(name)
    if statement.is_aggregate_only:
        how = "grouped by the value that changes"
        code = f'{rows}.values("{key}").annotate(n=Count("pk"))'
    elif key == "pk" or method == "get":
        how = "and look the rows up in a dict"
        code = f"{plural(row)} = {{{row}.{key}: {row} for {row} in {rows}}}"
    else:
        how = "and look the rows of each up in a dict"
        code = _by_value(row, key, rows)
    return Batch(
        title="ask once, before the loop",
        code=code if name and key else "",
        note=f"Collect the values that the loop asks for, ask {table} once for all of them, {how}.",
    )


def _by_value(row: str, key: str, rows: str) -> str:
    """Several rows may have the same value."""
    name = f"{plural(row)}_by_{key}"
    return (
        "from collections import defaultdict\n\n"
        f"{name} = defaultdict(list)\n"
        f"for {row} in {rows}:\n"
        f"    {name}[{row}.{key}].append({row})"
    )


def _key(statement: Statement) -> str:
    """The attribute by which the rows of a condition are told apart; empty if it can't be told."""
    compared = statement.compared or ()
    if "id" in compared:
        return "pk" if _is_own("id", statement) else ""
    return compared[0] if len(compared) == 1 and _is_own(compared[0], statement) else ""


def _is_own(column: str, statement: Statement) -> bool:
    """Whether the column is of the table whose rows are read, and not of one that is joined."""
    quoted = rf"[\"`]?(\w+)[\"`]?\.[\"`]?{re.escape(column)}[\"`]? (?:=|IN) "
    owners = re.findall(quoted, statement.normalised.partition(" WHERE ")[2])
    return not owners or statement.tables[0] in owners
