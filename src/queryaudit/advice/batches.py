"""One query before the loop for all that the loop asks for, and how to use it inside."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from queryaudit.advice.arguments import code_of, quote
from queryaudit.advice.bound_names import needs
from queryaudit.advice.lookups import Condition, Lookup
from queryaudit.advice.loops import Loop, names_in, plural
from queryaudit.sql.statement import Statement

_KEYS = frozenset({"pk", "id"})
#: Lookups that an ``__in`` can't stand for.
COMPARISONS = frozenset(
    {"iexact", "contains", "icontains", "in", "gt", "gte", "lt", "lte", "startswith"}
    | {"istartswith", "endswith", "iendswith", "range", "isnull", "regex", "iregex", "search"}
    | {"date", "year", "month", "day", "week", "hour", "minute", "second", "time", "overlap"}
    | {"contained_by", "has_key", "has_keys", "has_any_keys", "quarter", "week_day"}
)
#: What asks for values and never for a row, so that paths over many rows serve as well.
_BY_VALUE = frozenset({"count", "exists", "aggregate"})


#: What a form or a file gives is text, whatever it is compared with.
_GIVING_TEXT = frozenset(
    {"GET", "POST", "COOKIES", "getlist", "split", "splitlines", "DictReader", "reader"}
)
_TEXT = (
    "The values are text: where the column is none, convert them first (`int(value)`), or no row "
    "is found by them afterwards."
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What to write, in words and code."""

    title: str
    code: str
    note: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """Names and expressions that all the patterns are made of."""

    lookup: Lookup
    row: str  #: variable for one row
    rows: str  #: code of the queryset of all rows that the loop asks for
    joined: str  #: a call for it, where rows are told apart by what they refer to
    column: str  #: name to select and group by
    key: str  #: attribute of a row that holds the compared value
    value: str  #: code, inside the loop, of the value asked for
    values: str  #: code of all values
    taken: frozenset[str]  #: names that are in use already

    def name(self, name: str, other: str) -> str:
        return other if name in self.taken else name

    @property
    def each(self) -> str:
        return "async for" if self.lookup.is_async else "for"


def write_batch(
    lookup: Lookup, loop: Loop, bound: frozenset[str], statement: Statement, row: str
) -> Batch | None:
    """The batch for a lookup whose one condition changes with the loop; else None.

    ``bound``: names that the loop's body gives values to.
    """
    changing = [one for one in lookup.conditions if loop.changes(one.value)]
    if len(changing) != 1:
        return None
    condition = changing[0]
    field = condition.field.removesuffix("__exact")
    if set(field.split("__")) & COMPARISONS:
        return None
    before, iterable = loop.prepared()
    plan = _plan(lookup, loop, condition, field, statement, row, iterable)
    pattern = _PATTERNS.get(lookup.method)
    if plan is None or pattern is None:
        return None
    written = pattern(plan)
    if written is None:
        return None
    title, imports, lines, use, note = written
    if needs([*before, *lines], bound):
        return None
    if lookup.loop_target and not lookup.method:
        inside = [f"    for {lookup.loop_target} in {use}:", "        ..."]
    else:
        inside = [f"    {lookup.assigned} = {use}" if lookup.assigned else f"    {use}"]
    code = [*imports, *before, *lines, f"for {loop.target_code} in {iterable}:", *inside]
    note = "\n".join(filter(None, (note, _TEXT if _gives_text(loop.iterable) else "")))
    return Batch(title, "\n".join(code), note)


def _gives_text(iterable: ast.expr) -> bool:
    """Whether the source says that the loop goes over pieces of text."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in _GIVING_TEXT for node in ast.walk(iterable)
    )


def _plan(
    lookup: Lookup,
    loop: Loop,
    condition: Condition,
    field: str,
    statement: Statement,
    row: str,
    iterable: str,
) -> _Plan | None:
    value = code_of(condition.value)
    *path, last = field.split("__")
    key = ".".join((*path, last))
    if _is_relation(last, statement):
        key = f"{key}_id"
        if not _is_key(condition.value):
            value = f"{value}.pk"
    fixed = [f"{one.field}={code_of(one.value)}" for one in lookup.conditions if one != condition]
    values = loop.values(condition.value, iterable)
    arguments = ", ".join([*fixed, f"{field}__in={values}"])
    by_value = lookup.method in _BY_VALUE
    if not by_value and not all(_is_relation(step, statement) for step in path):
        return None  # a row has many of these, and no attribute that leads there
    return _Plan(
        lookup=lookup,
        row=row,
        rows=f"{lookup.base}.filter({arguments}){''.join(lookup.calls)}",
        joined=f".select_related({quote('__'.join(path))})" if path else "",
        column=field,
        key=key,
        value=value,
        values=values,
        taken=loop.names | names_in(loop.iterable) | {iterable, lookup.assigned},
    )


def _is_relation(field: str, statement: Statement) -> bool:
    """Whether the compared column is a foreign key's: ``author=`` asks for ``author_id``."""
    return bool(re.search(rf"\b{re.escape(field)}_id\b", statement.normalised))


def _is_key(value: ast.expr) -> bool:
    name = value.attr if isinstance(value, ast.Attribute) else ""
    name = value.id if isinstance(value, ast.Name) else name
    if not name:
        return True
    return name in _KEYS or name.endswith(("_id", "_pk"))


_Written = tuple[str, list[str], list[str], str, str]


def _one_row(plan: _Plan) -> _Written | None:
    """``get``: a dict by key."""
    lookup = plan.lookup
    use = f"[{plan.value}]" if lookup.method == "get" else f".get({plan.value})"
    note = "A missing row raises KeyError here, not DoesNotExist."
    note = note if lookup.method == "get" else ""
    if plan.column in _KEYS:
        name = plan.name(plural(plan.row), f"{plural(plan.row)}_by_pk")
        bulk = "await {0}.ain_bulk({1})" if lookup.is_async else "{0}.in_bulk({1})"
        others = [one for one in lookup.conditions if one.field not in _KEYS]
        kept = ", ".join(f"{one.field}={code_of(one.value)}" for one in others)
        base = lookup.base + (f".filter({kept})" if kept else "") + "".join(lookup.calls)
        lines = [f"{name} = {bulk.format(base, plan.values)}"]
        return "one in_bulk() before the loop", [], lines, f"{name}{use}", note
    if lookup.method != "get":
        return None
    name = plan.name(plural(plan.row), f"{plural(plan.row)}_by_{plan.column.replace('__', '_')}")
    lines = [
        f"{name} = {{",
        f"    {plan.row}.{plan.key}: {plan.row}",
        f"    {plan.each} {plan.row} in {plan.rows}{plan.joined}",
        "}",
    ]
    return "one query before the loop", [], lines, f"{name}{use}", note


def _first(plan: _Plan) -> _Written | None:
    if plan.column in _KEYS:
        return _one_row(plan)
    written = _groups(plan)
    if plan.lookup.method == "last":
        use = f"next(reversed({written[3]}), None)"
    else:
        use = f"next(iter({written[3]}), None)"
    note = "This loads all rows of each group; order them so that the right one is first."
    return (*written[:3], use, note)


def _groups(plan: _Plan) -> _Written:
    """Iteration: rows grouped by key."""
    name = f"{plural(plan.row)}_by_{plan.column.replace('__', '_')}"
    lines = [
        f"{name} = defaultdict(list)",
        f"{plan.each} {plan.row} in {plan.rows}{plan.joined}:",
        f"    {name}[{plan.row}.{plan.key}].append({plan.row})",
    ]
    imports = ["from collections import defaultdict", ""]
    return "one query, grouped by the key", imports, lines, f"{name}[{plan.value}]", ""


def _count(plan: _Plan) -> _Written:
    name = plan.name("counts", f"{plan.row}_counts")
    lines = [
        f"{name} = {{",
        f'    row["{plan.column}"]: row["n"]',
        f"    {plan.each} row in {plan.rows}",
        f'    .values("{plan.column}").annotate(n=Count("pk"))',
        "}",
    ]
    imports = ["from django.db.models import Count", ""]
    return "one GROUP BY before the loop", imports, lines, f"{name}.get({plan.value}, 0)", ""


def _exists(plan: _Plan) -> _Written:
    name = plan.name("existing", f"existing_{plural(plan.row)}")
    listed = f'{plan.rows}.values_list("{plan.column}", flat=True)'
    made = f"{{key async for key in {listed}}}" if plan.lookup.is_async else f"set({listed})"
    return "one query for all keys", [], [f"{name} = {made}"], f"{plan.value} in {name}", ""


def _aggregate(plan: _Plan) -> _Written:
    name = plan.name("totals", f"{plan.row}_totals")
    lines = [
        f"{name} = {{",
        f'    row["{plan.column}"]: row',
        f"    {plan.each} row in {plan.rows}",
        f'    .values("{plan.column}").annotate({plan.lookup.arguments})',
        "}",
    ]
    note = "Values without rows are missing from the dict."
    return "one GROUP BY before the loop", [], lines, f"{name}[{plan.value}]", note


_PATTERNS = {
    "": _groups,
    "get": _one_row,
    "first": _first,
    "last": _first,
    "count": _count,
    "exists": _exists,
    "aggregate": _aggregate,
}
