"""The edit that writes all rows of a loop at once, where the loop is simple enough to be certain.

What of a loop is not understood gives no edit: then the code is shown and nothing more.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from queryaudit.advice.bulk_code import BATCH, CLOCKS, changed_fields
from queryaudit.advice.bulk_matching import unique_set
from queryaudit.advice.collected_rows import Collecting, constructor, goes_over_each_once
from queryaudit.advice.layout import Change
from queryaudit.advice.loop_bodies import LoopBody
from queryaudit.advice.loop_text import LoopText
from queryaudit.advice.loops import names_in
from queryaudit.advice.model_names import renamed, written_as
from queryaudit.advice.row_writes import RowWrite
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Edit

_WIDTH = 119


@dataclass(frozen=True, slots=True)
class LoopEdit:
    edit: Edit
    certain: bool  #: what is in the tables afterwards is the same
    skipped: tuple[str, ...] = ()  #: ``auto_now`` fields that get no value any more


def loop_edit(frame: Frame, body: LoopBody, write: RowWrite, code: str) -> LoopEdit | None:
    """``code``: what is to be written, in which the rest of the loop may be left out."""
    if write.names is None or not write.free or not frame.loop_source or _runs_later(body):
        return None
    text = LoopText.of(frame)
    if isinstance(body.node, ast.ListComp):
        return _listed(body, write, text) if write.verb == "INSERT" else None
    if _is_whole(body, write, code):
        edit = _instead(body, write, text, code)
        skipped = _skipped(write, body) if body.name == "save" else ()
        if edit is not None:
            return LoopEdit(edit, _is_same(body, write, code), skipped)
    if write.matching or write.link or not write.model:
        return None
    if write.verb == "INSERT":
        edit = Collecting(body, write, text).created()
        return LoopEdit(edit, not streams(body)) if edit is not None else None
    if write.verb == "UPDATE" and body.name == "save":
        row = body.receiver()
        fields = changed_fields(body, row, write) if row is not None else []
        edit = Collecting(body, write, text).updated(fields)
        if edit is not None:
            return LoopEdit(edit, goes_over_each_once(body), _skipped(write, body))
    return None


def _runs_later(body: LoopBody) -> bool:
    """Whether the loop makes coroutines, for something else to await."""
    return body.is_awaited and not any(
        isinstance(node, ast.Await) and node.value is body.call for node in ast.walk(body.node)
    )


def _listed(body: LoopBody, write: RowWrite, text: LoopText) -> LoopEdit | None:
    """``[Model.objects.create(...) for ...]``: ``bulk_create`` returns the rows as well."""
    node = body.node
    if not isinstance(node, ast.ListComp) or node.elt is not body.call or body.name != "create":
        return None
    found = constructor(body, write, text)
    if found is None or write.matching:
        return None
    manager, changes = found
    span = text.span(node)
    before = Change(span.start, span.start, f"{manager}.bulk_create(".encode())
    after = Change(span.end, span.end, f", {BATCH})".encode())
    edit = text.changed([before, *changes, after])
    return LoopEdit(edit, certain=True) if edit is not None else None


def _is_whole(body: LoopBody, write: RowWrite, code: str) -> bool:
    """Whether the code does all that the loop does."""
    if not code or "..." in code:
        return False
    if write.matching:
        return bool(unique_set(body, write)) and body.is_only_statement()
    if body.name == "execute" or write.link or write.verb == "DELETE":
        return True
    if write.verb == "INSERT":
        known = f"{write.model}.objects.create" == ast.unparse(body.call.func)
        return known and code.startswith(f"{write.model}.objects.bulk_create(")
    return ".update(" in code and _is_saved_whole(body)


def _is_saved_whole(body: LoopBody) -> bool:
    """Whether ``save()``, if that is the call, saves all that the row was given."""
    row = body.receiver()
    if body.name != "save" or row is None:
        return True
    if body.call.args or any(k.arg != "update_fields" for k in body.call.keywords):
        return False
    named = [e.value for k in body.call.keywords for e in ast.walk(k.value)
             if isinstance(e, ast.Constant)]  # fmt: skip
    return not body.call.keywords or set(body.set_attributes(row)) <= set(named)


def _instead(body: LoopBody, write: RowWrite, text: LoopText, code: str) -> Edit | None:
    """The code in the place of the loop, if nothing else needs what the loop leaves behind."""
    node = body.node
    if not isinstance(node, ast.For) or node.orelse or text.has_comment:
        return None
    known = frozenset(write.names or ())
    if any(isinstance(part, ast.Await) for part in ast.walk(node)) or names_in(node.target) & known:
        return None
    if _bound_by(code) & known:
        return None
    if write.model in names_in(ast.parse(code)) - known:
        name = written_as([node], write.model)
        if name is None:
            return None
        code = renamed(code, write.model, name)
    needs_f = 'F("' in code and "F" not in known
    lines = [*(["from django.db.models import F", ""] if needs_f else ()), *code.split("\n")]
    indent = len(text.lines[0]) - len(text.lines[0].lstrip())
    if any(indent + len(line) > _WIDTH for line in lines):
        return None
    return text.replaced(lines)


def _bound_by(code: str) -> frozenset[str]:
    """The names that statements of the code give values to."""
    targets = (
        target
        for statement in ast.parse(code).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    )
    return frozenset[str]().union(*map(names_in, targets))


def _is_same(body: LoopBody, write: RowWrite, code: str) -> bool:
    if write.matching or any(f"{name}(" in code for name in CLOCKS):
        return False
    if 'F("' in code:
        # What has no value raises an error in Python, and stays without one in SQL.
        return not _has_null(body.set_attributes(body.receiver() or ""), write)
    # `= NULL` asks for rows without a value, `IN (NULL)` for none.
    return "__in=" not in code or not _has_null(write.by or (), write)


def _has_null(names: Sequence[str], write: RowWrite) -> bool:
    return bool(set(names) & set(write.null))


def streams(body: LoopBody) -> bool:
    """Whether the loop takes care to have few rows in memory at a time."""
    iterable = body.node.iter if isinstance(body.node, ast.For | ast.AsyncFor) else body.node
    return any(
        isinstance(node, ast.Attribute) and node.attr in ("iterator", "aiterator")
        for node in ast.walk(iterable)
    )


def _skipped(write: RowWrite, body: LoopBody) -> tuple[str, ...]:
    """What a save gives a value to besides what the loop does."""
    given = set(body.set_attributes(body.receiver() or ""))
    return tuple(name for name in write.renewed if name in write.fields and name not in given)
