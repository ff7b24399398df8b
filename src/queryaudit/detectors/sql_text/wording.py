"""Words and fixes for the family: what stands where, and the call with its values bound."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.advice.parameters import bind_parameters, unquoted
from queryaudit.detectors.base import Sighting
from queryaudit.records.findings import Applicability, Fix

_MADE_BY = {
    "f-string": "an f-string",
    "as a whole": "",
    "Template": "a Template",
    "%": "the % operator",
    "+": "adding texts",
    "+=": "adding to a text",
}
#: What a name that Django looks up decides, by the method that takes it.
CHOSEN = {
    "order_by": "the order of the rows",
    "values": "the columns that are read",
    "filter": "the column that the rows are found by",
}


def message(sightings: Sequence[Sighting]) -> str:
    """One sentence: what of the text comes from where."""
    head = sightings[0]
    made = _MADE_BY.get(head.owner or "", head.owner or "")
    how = f" put together by {made}" if made else ""
    match head.rule:
        case "QA302":
            return f"The request's {head.note} stands in the SQL text of {head.target}{how}."
        case "QA303":
            return (
                f"{head.target} runs texts that differ only in the values written into them"
                f"{': ' + head.note if head.note else ''}."
            )
        case "QA304" if head.target in CHOSEN:
            return f"{head.note} of the request chooses {CHOSEN[head.target]}, unchecked."
        case "QA304":
            return f"{head.note} names a table, column or order in the SQL of {head.target}{how}."
        case "QA305":
            return f"A placeholder stands between quotes in the SQL text of {head.target}."
        case _:
            return f"{head.note} stands in the SQL text of {head.target}{how}, not as a parameter."


def fix(sightings: Sequence[Sighting]) -> Fix | None:
    """The call with its values bound, else what to write in general."""
    head = sightings[0]
    if head.rule == "QA305":
        freed = unquoted(head.access)
        return Fix(
            title="leave the quotes to the driver",
            applicability=Applicability.UNSAFE if freed and freed.edit else _SHOWN,
            code=freed.code if freed else "",
            edits=(freed.edit,) if freed and freed.edit else (),
            note="The driver quotes what it binds; write %s bare, and put the percent signs of a "
            "LIKE pattern into the value.",
        )
    if any(s.rule == "QA304" for s in sightings):
        return _allow_list(head)
    bound = bind_parameters(head.access, head.frame)
    return Fix(
        title="pass the values as parameters",
        applicability=Applicability.UNSAFE if bound and bound.edit else _SHOWN,
        code=bound.code if bound else f'{head.target}("... WHERE column = %s", [value])',
        edits=(bound.edit,) if bound and bound.edit else (),
        note="Review it: a value is now compared as what it is, where before it was read as SQL."
        if bound
        else "Write %s where a value stands, for a list one for each, and pass the values beside.",
    )


_COLUMNS = (
    'COLUMNS = {"name": "title"}  # what may be asked for: the column\ncolumn = COLUMNS[choice]'
)
_ALLOWED = {
    "order_by": 'allowed = {"name", "-name"}\n'
    'queryset.order_by(sort if sort in allowed else "name")',
    "values": 'allowed = {"name", "status"}\n'
    "queryset.values(*(name for name in names if name in allowed))",
    "filter": 'allowed = {"name", "status"}\n'
    "queryset.filter(**{name: value for name, value in given.items() if name in allowed})",
}
_SHOWN = Applicability.DISPLAY_ONLY


def _allow_list(head: Sighting) -> Fix:
    code = _ALLOWED.get(head.target or "", _COLUMNS)
    return Fix(
        title="choose from a list of what is allowed",
        applicability=_SHOWN,
        code=code,
        note="Names can't be bound as parameters. Look them up among your own, or quote them with "
        "connection.ops.quote_name() or psycopg.sql.Identifier.",
    )
