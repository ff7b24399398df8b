"""Rows that are loaded one by one for a key that was there before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.own_keys import key_read
from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.loads import Load
from queryaudit.detectors.places import function_of
from queryaudit.records.definitions import Column, Model
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import AccessKind, FrameKind

_NULL = "A row without one gives None, where it raises an error now."


class _Columns:
    """Columns by the model's label."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = {model.label: model.columns for model in models}

    def of(self, label: str | None) -> tuple[Column, ...]:
        return self._models.get(label or "", ())


def own_key(load: Load, view: View) -> Fix | None:
    """The fix by which the read is left out, if it was made for the key of what it gave."""
    access, site = load.access, load.site
    if not load.lazy or access is None or site is None or not access.path:
        return None
    step = access.path[-1]
    if step.kind is not AccessKind.FORWARD or site.kind not in (FrameKind.PROJECT, FrameKind.TEST):
        return None
    columns = view.tables.of_models(_Columns)
    column = next((c for c in columns.of(access.owner) if c.name == step.name), None)
    primary = next((c for c in columns.of(access.target) if c.primary), None)
    function = function_of(site, view.tables)
    if column is None or primary is None or function is None:
        return None
    # A foreign key may lead to another unique column.
    if load.statement.compared != (primary.column,) or column.target != access.target:
        return None
    source = FunctionSource(function.first_line, function.lines)
    read = key_read(site, source, step.name, column.attname, {"pk", primary.attname})
    if read is None:
        return None
    same = not column.null and column.constrained
    return Fix(
        title="read the key that the row has",
        applicability=Applicability.SAFE if same else Applicability.UNSAFE,
        code=read.code,
        edits=(read.edit,),
        note=_NULL if column.null else "",
    )


def together(fixes: Sequence[Fix]) -> Fix:
    """All reads of one queryset's rows that were made for keys."""
    applicability = min((fix.applicability for fix in fixes), key=_ORDER.index)
    return replace(
        fixes[0],
        applicability=applicability,
        code="\n".join(dict.fromkeys(fix.code for fix in fixes)),
        edits=tuple(dict.fromkeys(edit for fix in fixes for edit in fix.edits)),
        note="\n".join(dict.fromkeys(fix.note for fix in fixes if fix.note)),
    )


_ORDER = (Applicability.DISPLAY_ONLY, Applicability.UNSAFE, Applicability.SAFE)
