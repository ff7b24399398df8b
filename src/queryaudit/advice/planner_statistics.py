"""``CREATE STATISTICS`` for what the planner misjudges, as code for a migration. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from queryaudit.advice.conditions import Compared, clauses
from queryaudit.advice.expressions import (
    KEY,
    ZONE,
    Expression,
    compared,
    conditions_of,
    is_known,
    json_key,
)
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.plans import PlanNode, Relation
from queryaudit.sql.quoting import identifier, literal

#: Columns of one CREATE STATISTICS, and letters of its name.
_MOST, _NAME_LENGTH = 8, 63
#: A share that is far above what the planner takes where it knows nothing of an expression.
_FAR_ABOVE = 0.05
_PLACE = "\x00"


def statistics_fix(node: PlanNode, relation: Relation, sources: Collection[str]) -> Fix | None:
    """What lets the planner know how many rows a scan gives. ``sources``: the code that asks.

    None where fresh statistics are all that can help. Statistics of a partitioned table are not
    used for its partitions.
    """
    if relation.partitions:
        return None
    columns = _dependent(node, relation)
    if columns:
        return _of_columns(relation, columns)
    expression = _unknown(node, relation)
    return _of_expression(relation, expression, sources) if expression is not None else None


def _dependent(node: PlanNode, relation: Relation) -> tuple[str, ...]:
    """Columns whose equality is expected to let fewer rows through than it does: the planner takes
    them to be independent, unless there are statistics of them together."""
    if (node.actual_rows or 0.0) < node.estimated_rows * (node.loops or 1):
        return ()
    tests = (*clauses(node.condition), *clauses(node.filter))
    found = {
        clause.column
        for clause in tests
        if clause.alias == node.alias and clause.test is Compared.EQUAL
        if not clause.function and not clause.joined
    }
    is_there = any(len(found.intersection(known)) > 1 for known in relation.statistics)
    return tuple(sorted(found)) if 1 < len(found) <= _MOST and not is_there else ()


def _unknown(node: PlanNode, relation: Relation) -> Expression | None:
    """The expression that is misjudged for sure: nothing else is compared, or it lets more rows
    through, with all the rest, than it is taken to do alone."""
    texts = (node.condition, node.filter)
    found = [e for text in texts for e in compared(text, node.alias) if not is_known(e, relation)]
    if len(found) != 1:
        return None
    [expression] = found
    share = (node.actual_rows or 0.0) / (node.loops or 1) / max(relation.rows, 1)
    if share >= _FAR_ABOVE and (expression.is_equal or expression.is_matched):
        return expression
    alone = conditions_of(texts) == 1
    return expression if alone and not expression.is_matched else None


def _of_columns(relation: Relation, columns: Sequence[str]) -> Fix:
    named = ", ".join(map(identifier, columns))
    return Fix(
        title=f"Let the planner know that {' and '.join(columns)} depend on each other",
        applicability=Applicability.DISPLAY_ONLY,
        code=_migration(relation, columns, " (dependencies, mcv)", f"{named}"),
        note="It multiplies their shares, as if they were independent. Where they are, ANALYZE "
        "alone brings the statistics up to date. Compare the plan before and after.",
    )


def _of_expression(
    relation: Relation, expression: Expression, sources: Collection[str]
) -> Fix | None:
    """None where a constant of the expression is not known: no value is kept."""
    text = expression.text
    keys = KEY.findall(text)
    if keys:
        key = json_key(expression.columns[0], sources)
        if key is None or len(keys) > 1:
            return None
        text = text.replace(" ?::text", f" {literal(key)}::text", 1)
    zoned = ZONE in text
    text = text.replace(ZONE, f"AT TIME ZONE {_PLACE}::text")
    if "?" in text:
        return None
    words = re.sub(r"::\w[\w ]*", "", text).replace(_PLACE, "").lower()
    names = [word for word in re.findall(r"\w+", words) if word not in _OF_NO_USE]
    note = (
        "Of an expression it knows nothing without statistics of its own, and takes 1 of 200 rows "
        "for each value and a third for a range. PostgreSQL 14 and later; an index on the "
        "expression, where it pays, has them as well. Compare the plan before and after."
    )
    if zoned:
        note += " It helps with values in the time zone of the settings."
    return Fix(
        title=f"Let the planner know the values of {_title(text)}",
        applicability=Applicability.DISPLAY_ONLY,
        code=_migration(relation, names, "", f"({text})"),
        note=note,
    )


_OF_NO_USE = frozenset({"at", "time", "zone", "from"})


def _title(text: str) -> str:
    return text.replace(f" AT TIME ZONE {_PLACE}::text", "").replace("::text", "")


def _migration(relation: Relation, words: Sequence[str], kinds: str, of: str) -> str:
    name = identifier(f"{relation.name}_{'_'.join(words)}_stat"[:_NAME_LENGTH].rstrip("_"))
    table = identifier(relation.name)
    made = f"CREATE STATISTICS {name}{kinds} ON {of} FROM {table}"
    zoned = _PLACE in made
    shown = repr(made.replace(_PLACE, f"'{_PLACE}'"))
    if zoned:
        braced = shown.replace("{", "{{").replace("}", "}}")
        shown = "f" + braced.replace(repr(_PLACE)[1:-1], "{settings.TIME_ZONE}")
    lines = [
        "# in a migration" + ("; from django.conf import settings" if zoned else ""),
        "migrations.RunSQL(",
        f"    [{shown}, {f'ANALYZE {table}'!r}],",
        f"    [{f'DROP STATISTICS {name}'!r}],",
        ")",
    ]
    return "\n".join(lines)
