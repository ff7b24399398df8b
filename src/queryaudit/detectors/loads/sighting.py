"""A read of the family as the sighting of one of its rules."""

from __future__ import annotations

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.loads.reads import Read
from queryaudit.detectors.places import severity_at, visible
from queryaudit.records.rules import Severity


def sight(code: str, read: Read, severity: Severity, view: View, note: str) -> Sighting | None:
    """None where no code of one's own is to be seen. ``note`` says what is wrong in words."""
    evaluated = read.evaluated(view)
    frame = read.frame(view)
    if frame is None or frame.kind not in view.own:
        return None
    label = read.model.label if read.model is not None else read.statement.shape.table
    key = (code, frame.path, frame.function, label, read.statement.fingerprint)
    return Sighting(
        rule=code,
        group=key,
        cause=key,
        severity=severity_at((frame, evaluated), severity, view),
        frame=frame,
        evaluated=evaluated if evaluated != frame else None,
        access=evaluated or frame,
        model=label,
        target=label,
        statement=read.statement.normalised,
        queries=read.queries,
        duration_ns=read.duration_ns,
        rows=read.rows,
        note=note,
        ignored=read.ignored,
        frames=visible((frame, *read.stack.frames)),
    )
