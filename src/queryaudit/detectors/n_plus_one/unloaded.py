"""Relations of rows that no queryset has loaded, such as those that the loop has made itself."""

from __future__ import annotations

import ast

from queryaudit.advice.arguments import code_of
from queryaudit.advice.loops import plural, read_loop
from queryaudit.advice.relation_tree import variable
from queryaudit.advice.source import read_source
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import AccessKind


def of_unloaded_rows(load: Load) -> Fix | None:
    """The fix of a relation that is read of a row without a queryset: nothing can bring it along,
    but a list of rows can be given it, and whoever has one row can set its related one."""
    access = load.access
    if access is None or access.origin is not None or len(access.path) != 1:
        return None
    [step] = access.path
    if step.eager or step.kind is AccessKind.DEFERRED or access.narrowed or access.method:
        return None
    owner = access.owner.rpartition(".")[2]
    why = f"No queryset has loaded these {owner} rows, so none can bring `{step.name}` along."
    listed = _list_of(load.loop, load.site, step.name)
    if listed is not None:
        return Fix(
            title="load the relation of all rows before the loop",
            applicability=Applicability.DISPLAY_ONLY,
            code="from django.db.models import prefetch_related_objects\n\n"
            f'prefetch_related_objects({listed}, "{step.name}")',
            note=f"{why} The rows must be in a list.",
        )
    if step.kind is not AccessKind.FORWARD or access.target is None:
        return None
    target, key = access.target.rpartition(".")[2], _attname(load, step.name)
    row, related = variable(owner), plural(variable(target))
    return Fix(
        title="load the related rows once, and hand them on",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"{related} = {target}.objects.in_bulk({plural(key)})\n"
        "# then, where each row is made:\n"
        f"{row}.{step.name} = {related}[{row}.{key}]",
        note=f"{why} A row that is made with the object, `{owner}({step.name}=...)`, instead of "
        "its key alone asks for nothing.",
    )


def _list_of(loop: Frame | None, site: Frame | None, name: str) -> str | None:
    """What the loop goes over, where each of its elements is asked for the relation."""
    header = read_loop(loop.loop_text) if loop is not None and loop == site else None
    if header is None or not isinstance(header.iterable, ast.Name | ast.Attribute):
        return None
    source = read_source(site) if site is not None else None
    if source is None:
        return None
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == name:
            span = source.span(node)
            of_target = code_of(node.value) == header.target_code
            if of_target and span is not None and span.meets(source.focus):
                return code_of(header.iterable)
    return None


def _attname(load: Load, name: str) -> str:
    """The attribute that has the key."""
    model = load.tables.models.get(load.access.owner) if load.access is not None else None
    columns = model.columns if model is not None else ()
    return next((column.attname for column in columns if column.name == name), f"{name}_id")
