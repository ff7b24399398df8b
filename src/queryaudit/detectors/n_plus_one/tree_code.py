"""Code that loads a tree at once, instead of level by level."""

from __future__ import annotations

from queryaudit.detectors.base import Sighting
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import AccessKind
from queryaudit.sql.statement import parse


def of_tree(head: Sighting) -> Fix:
    """One query for all levels, where it is known what they are found by."""
    rows = (head.target or head.model or "").rpartition(".")[2]
    column = _parent_column(head)
    code = ""
    if rows and column and head.path and head.path[-1].kind is AccessKind.FORWARD:
        code = (
            f"nodes = {rows}.objects.in_bulk()\n"
            f"# then, instead of `node.{head.path[-1].name}`:\n"
            f"nodes.get(node.{column})"
        )
    elif rows and column:
        code = (
            "from collections import defaultdict\n\n"
            "children = defaultdict(list)\n"
            f"for node in {rows}.objects.all():\n"
            f"    children[node.{column}].append(node)"
        )
    return Fix(
        title="load the tree in one query",
        applicability=Applicability.DISPLAY_ONLY,
        code=code,
        note=f"{'Or walk' if code else 'Load the rows of all levels at once, or walk'} it in the "
        "database with WITH RECURSIVE; for trees that are read often, keep a materialised path.",
    )


def _parent_column(head: Sighting) -> str | None:
    """The attribute of a row that holds its parent's key, where that is known for certain."""
    if head.path:
        step = head.path[-1]
        if head.owner != head.target:
            return None  # the levels are of several models
        if step.kind is AccessKind.FORWARD:
            return f"{step.name}_id"
        if step.kind is not AccessKind.COLLECTION:
            return None
    compared = parse(head.statement).compared or ()
    column = compared[0] if len(compared) == 1 else ""
    return column if column.endswith("_id") and not column.endswith("_ptr_id") else None
