"""The manager on which rows of a loop are written all at once."""

from __future__ import annotations

import ast
import re

from queryaudit.advice.arguments import code_of
from queryaudit.advice.loop_bodies import LoopBody
from queryaudit.advice.row_writes import RowWrite

#: ``Model.manager``, and the database that it was told to use.
_MANAGER = re.compile(r"\w+\.\w+(\.(using|db_manager)\([^()]*\))?")


def manager_of(body: LoopBody, write: RowWrite) -> str:
    """What ``bulk_create`` and ``bulk_update`` are called on: rows of the same database."""
    function = body.call.func
    if body.name == "create" and isinstance(function, ast.Attribute) and not write.parent:
        called = code_of(function.value)
        given = body.loop is None or not body.loop.changes(function.value)
        if given and called.startswith(f"{write.model}.") and _MANAGER.fullmatch(called):
            return called
    using = next((k.value for k in body.call.keywords if k.arg == "using"), None)
    if body.name == "save" and using is not None:
        return f"{write.model}.objects.using({code_of(using)})"
    return f"{write.model}.objects"
