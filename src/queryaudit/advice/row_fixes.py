"""The fix for a write in a loop: code, how far it can be trusted, and what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from queryaudit.advice.bulk_code import BATCH, bulk_code
from queryaudit.advice.bulk_matching import (
    deleting_code,
    looked_up,
    matching_code,
    unique_set,
    updated_after,
)
from queryaudit.advice.loop_bodies import LoopBody, read_loop_body
from queryaudit.advice.loop_edits import LoopEdit, loop_edit, streams
from queryaudit.advice.loops import plural
from queryaudit.advice.relation_tree import variable
from queryaudit.advice.row_writes import RowWrite
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix

#: A line's last call of a method that writes or finds many rows; arguments may follow below.
_WRITING_ALL = re.compile(
    r"(?m)^( *(?:\w+ = )?)(\S.*)\.(bulk_create|bulk_update|update|delete|in_bulk|add|remove)\("
)


def fix_row_write(frame: Frame, write: RowWrite, *, direct: bool) -> Fix:
    """The fix for the call at ``frame``; ``direct``: it is the one that writes. Never raises."""
    body = read_loop_body(frame) if direct else None
    try:
        code = _code(body, write) if body is not None else ""
        if body is not None and body.is_awaited:
            code = _awaited(code)
        edit = loop_edit(frame, body, write, code) if body and _has_edit(write) else None
    except RecursionError:
        code, edit = "", None
    general = not code
    if general:
        code = _general(write)
    notes = _notes(body, write, code, edit)
    if general and (not direct or _is_by_condition(write)):
        notes.insert(0, _CONDITION if _is_by_condition(write) else _COLLECT)
    return Fix(
        title=_title(write, code),
        applicability=_applicability(body, write, edit),
        code=code,
        edits=(edit.edit,) if edit is not None else (),
        note="\n".join(notes),
    )


def _awaited(code: str) -> str:
    """The code as an asynchronous function writes it."""
    return _WRITING_ALL.sub(r"\1await \2.a\3(", code)


def _has_edit(write: RowWrite) -> bool:
    return write.untried and not write.saver and (not write.inherits or write.verb == "DELETE")


def _applicability(body: LoopBody | None, write: RowWrite, edit: LoopEdit | None) -> Applicability:
    if write.inherits and write.verb != "DELETE":
        return Applicability.DISPLAY_ONLY
    if write.bypassed or (body is not None and body.uses_result()):
        return Applicability.UNSAFE
    if edit is None:
        return Applicability.DISPLAY_ONLY
    same = edit.certain and not edit.skipped and write.alone and write.atomic
    return Applicability.SAFE if same else Applicability.UNSAFE


_LINKS = (
    "add(), remove() and set() take any number of rows. For several rows on either side write "
    "those of the relation's through model, with bulk_create(ignore_conflicts=True)."
)
_CONDITION = (
    "Rows are found by condition here: one statement can do it for all rounds, with a condition "
    "that covers them; values that differ are told apart by Case() and When()."
)
_SAVERS = {
    "form": "Of forms with many-to-many fields call save_m2m() when the rows are there.",
    "serializer": "What the serializer's create() and update() do besides has to be done here.",
}
_TRIED = (
    "A round that fails is left out by itself now. At once all rows are written or none: leave out "
    "before what would fail."
)
_TRIED_AT_ONCE = f"{_TRIED[:-1]}, and with ignore_conflicts=True rows that are there already."
_COLLECT = "Let the function return what it would write, and write it after the loop."


def _is_by_condition(write: RowWrite) -> bool:
    return write.verb in ("UPDATE", "DELETE") and write.by != ("pk",) and not write.link


def _code(body: LoopBody, write: RowWrite) -> str:
    if write.inherits and write.verb != "DELETE":
        return ""
    if write.matching:
        return matching_code(body, write)
    if write.verb == "DELETE" and body.name == "delete":
        return deleting_code(body, write)
    return bulk_code(body, write)


def _general(write: RowWrite) -> str:
    """What can be said without the source."""
    if not write.model or write.inherits:
        return ""
    rows = plural(variable(write.model))
    if write.matching:
        return ""
    if write.link:
        return ""
    if write.verb != "INSERT" and write.by != ("pk",):
        return _by_condition(write)
    if write.verb == "DELETE":
        return f"{write.model}.objects.filter(pk__in=[...]).delete()"
    if write.verb == "INSERT":
        return f"{write.model}.objects.bulk_create({rows}, {BATCH})"
    fields = ", ".join(f'"{name}"' for name in write.fields) if len(write.fields) <= 3 else "..."
    return f"{write.model}.objects.bulk_update({rows}, [{fields}], {BATCH})"


def _by_condition(write: RowWrite) -> str:
    """Rows that no key names: one condition for those of all rounds."""
    if write.by is None or len(write.by) != 1:
        return ""
    rows = f"{write.model}.objects.filter({write.by[0]}__in=[...])"
    if write.verb == "DELETE":
        return f"{rows}.delete()"
    return f"{rows}.update({', '.join(f'{name}=...' for name in write.fields)})"


def _title(write: RowWrite, code: str) -> str:
    if ".executemany(" in code:
        return "send all parameters with one call"
    if write.inherits and write.verb != "DELETE":
        return "write all rows in one transaction"
    if write.link:
        return f"{'add' if write.verb == 'INSERT' else 'remove'} all relations with one call"
    if write.matching:
        return "look up and create all rows at once"
    if write.verb == "DELETE":
        return "delete all rows with one call"
    if write.verb == "INSERT":
        return "create all rows in bulk"
    if ".update(" in code or write.by != ("pk",):
        return "let the database update all rows"
    return "update all rows in bulk"


def _notes(body: LoopBody | None, write: RowWrite, code: str, edit: LoopEdit | None) -> list[str]:
    notes: list[str] = []
    if write.inherits and write.verb != "DELETE":
        refusing = "bulk_create()" if write.verb == "INSERT" else "bulk_update()"
        notes.append(
            f"A row of {write.model} stands in several tables by inheritance, which {refusing} "
            "refuses: keep the loop in one atomic() block, or write the rows of one of the tables "
            "in bulk."
        )
    if "...]" in code and ".bulk_update(" in code and not code.endswith("...]"):
        notes.append("Name the fields that the loop changes.")
    if write.matching:
        notes += _matching_notes(body, write, code)
    elif write.link:
        notes.append(_LINKS)
    if not write.inherits or write.verb == "DELETE":
        notes += _bypassed(write)
    if write.saver:
        notes.append(_SAVERS[write.saver])
    if not write.untried:
        notes.append(_TRIED_AT_ONCE if write.verb == "INSERT" else _TRIED)
    if ".bulk_create(" in code and not write.matching:
        if body is not None and body.uses_result():
            notes.append(
                "The loop goes on with the row that it wrote: it has its key only after "
                "bulk_create(), so write these rows first, then what refers to them."
            )
        else:
            notes.append("bulk_create() returns the rows; on MySQL without their keys.")
    if ".executemany(" in code:
        notes.append(
            "psycopg2 sends a statement for each row all the same: execute_values() there."
        )
    if 'F("' in code and edit is None:
        notes.append("Needs `from django.db.models import F`.")
    saves = body is not None and body.name == "save" and write.verb == "UPDATE"
    if saves and ".update(" in code:
        notes.append("The rows in memory stay as they were.")
    skipped = edit.skipped if edit is not None else write.renewed if saves else ()
    if skipped:
        notes.append(
            f"{_listed(skipped)}, which each save() sets, {'is' if len(skipped) == 1 else 'are'} "
            "not set: give a value to it here."
        )
    if edit is not None and body is not None and streams(body):
        notes.append(
            "The rows are in memory until the loop ends: of very many, write and drop some "
            "thousands at a time."
        )
    if edit is not None and not write.atomic:
        notes.append(
            "If one row can't be written, none is: now those before it are, as each round commits."
        )
    return notes


def _matching_notes(body: LoopBody | None, write: RowWrite, code: str) -> list[str]:
    unique = unique_set(body, write) if body is not None else ()
    if not code and body is not None and updated_after(body) is not None:
        return [
            "The loop asks which rows were there: read those once, by what it looks for, create "
            "the others in bulk, and write the changes with bulk_update()."
        ]
    if unique and "update_conflicts" in code:
        return [f"Give each {', '.join(unique)} once: PostgreSQL updates no row twice."]
    if unique:
        return [
            f"Rows are the same by their unique {', '.join(unique)}; ignore_conflicts leaves out "
            "those that break any other unique constraint too, and sets no keys."
        ]
    named = [f"({', '.join(one)})" for one in write.unique if one != ("id",)]
    if body is None and named:
        keys = _listed(named[:3])
        return [
            f"Looked up by what is unique, as {keys}, bulk_create() with ignore_conflicts=True "
            "leaves out the rows that are there. By anything else the database can't tell: read "
            "those once, create the missing ones in bulk, and add a constraint, as two requests "
            "at once create a row twice."
        ]
    by = ", ".join(looked_up(body)) if body is not None else ""
    where = f" on {by}" if by else ""
    return [
        f"Without a unique constraint{where} the database can't tell which rows are there: read "
        "those once, create the missing ones in bulk, and add the constraint, as two requests at "
        "once create a row twice."
    ]


def _bypassed(write: RowWrite) -> list[str]:
    notes = []
    if write.verb == "DELETE":
        if write.override:
            notes.append(f"queryset.delete() does not call {write.override}().")
        if write.signals:
            notes.append(
                f"The receivers of {_listed(write.signals)} still run for each row; the rows are "
                "loaded for them."
            )
        return notes
    if write.signals:
        notes.append(f"The receivers of {_listed(write.signals)} are not called for these rows.")
    if write.override:
        notes.append(f"{write.override}() is not called: do here what it does.")
    return notes


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
