"""Decides once for a scope which calls write row by row in a loop, and for which rule.

All that one call in a loop runs has one cause: cascades, savepoints, the reads of
``get_or_create``, what an overridden ``save()`` and the receivers of signals do besides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from queryaudit.advice.row_writes import RowWrite
from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import Place, looped_at, places_of, severity_at, visible
from queryaudit.detectors.writes.batches import is_batch
from queryaudit.detectors.writes.calls import (
    Call,
    CallFold,
    Models,
    Ran,
    calls_of,
    rounds_of,
)
from queryaudit.detectors.writes.commits import COMMITS, commit_sightings
from queryaudit.detectors.writes.loops import in_loop
from queryaudit.detectors.writes.needed import is_chain, is_needed_in_each_round, is_setup
from queryaudit.records.definitions import Column, Frame, Model
from queryaudit.records.rules import Severity
from queryaudit.sql.verbs import Verb

#: Methods that look before they write.
MATCHING = frozenset({"get_or_create", "update_or_create"})

#: Kept by Django itself, row by row.
_OWN_TABLES = frozenset(
    {
        *("django_session", "django_admin_log", "django_content_type", "django_migrations"),
        *("auth_permission", "django_cache"),
    }
)
#: Calls between the loop and the write beyond which the write is somebody else's business.
_FAR = 2

#: Kinds of columns whose values can be changed in place.
_MUTABLE = frozenset(
    {"JSONField", "ArrayField", "HStoreField", "BinaryField", "FileField", "ImageField"}
)

#: Libraries' objects with a ``save()`` of their own.
_SAVERS = {"django.forms.models.": "form", "rest_framework.serializers.": "serializer"}

_SIGNALS = {
    Verb.INSERT: ("pre_save", "post_save"),
    Verb.UPDATE: ("pre_save", "post_save"),
    Verb.DELETE: ("pre_delete", "post_delete"),
}


class Claimant(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def severity(self) -> Severity: ...

    def claims(self, call: Call, written: Ran) -> bool: ...


def judge(fold: CallFold, rules: Sequence[Claimant], view: View) -> dict[str, list[Sighting]]:
    """Sightings by rule code."""
    if not fold.repeats(view.threshold):
        return {}  # whatever the source looks like, nothing went row by row
    ran = fold.ran(view)
    models = view.tables.of_models(Models)
    rounds = rounds_of(ran, view)
    found: dict[str, list[Sighting]] = defaultdict(list)
    claimed: dict[tuple[Place, ...], Sighting] = {}
    for call in calls_of(ran):
        parent = _above(call, claimed)
        if parent is not None:
            found[parent.rule].append(_following(parent, call))
            continue
        written = _written(call, models, view)
        rule = next((r for r in rules if written and r.claims(call, written)), None)
        if written is None or rule is None:
            continue
        loop = rounds.loop(written.frames, max(one.queries for one in call.ran))
        if loop is None or loop.kind not in view.own or is_setup(written.frames):
            continue
        if is_batch(call.frames[0]):
            continue
        sighting = _sight(call, written, loop, rule, models, view, ran)
        needed = is_needed_in_each_round(written, loop, ran)
        alone = needed and not (loop.loop_text or "").startswith("while ")
        if not needed or (alone and is_chain(written, loop, ran)):
            found[COMMITS] += commit_sightings(sighting, written, loop, view, alone=needed)
        if needed:
            continue
        found[rule.code].append(sighting)
        claimed[call.places] = sighting
    return found


def _above(call: Call, claimed: dict[tuple[Place, ...], Sighting]) -> Sighting | None:
    """The claimed call, if any, on whose way this one was made."""
    places = call.places
    for start in range(1, len(places)):
        sighting = claimed.get(places[start:])
        if sighting is not None and sighting.ignored == call.ignored:
            return sighting
    return None


def _following(parent: Sighting, call: Call) -> Sighting:
    return replace(parent, queries=call.queries, duration_ns=call.duration_ns)


def _written(call: Call, models: Models, view: View) -> Ran | None:
    """What of a call's statements it is about."""
    writes = [
        one
        for one in call.ran
        if one.table not in _OWN_TABLES and one.writes_row_by_row(view.threshold, models)
    ]
    matching = [
        one
        for one in call.ran
        if one.method in MATCHING
        and one.statement.verb in (Verb.SELECT, Verb.INSERT)
        and one.params >= view.threshold
    ]
    if matching:
        # The table that is written, else the one that would be.
        return next((one for one in matching if one.statement.verb is Verb.INSERT), matching[0])
    writes = _saved_by_own(writes, models) or writes
    inserts = [one for one in writes if one.statement.verb is Verb.INSERT]
    if inserts:
        # A row of an inherited model is one of its parent's first.
        heirs = [one for one in inserts if _inherits(models.of(one), inserts, models)]
        return (heirs or inserts)[0]
    deletes = [one for one in writes if one.statement.verb is Verb.DELETE] or _collected(call, view)
    if deletes:
        # What goes along goes first, and not for each row.
        most = max(one.params for one in deletes)
        return [one for one in deletes if one.params == most][-1]
    heirs = [one for one in writes if _inherits(models.of(one), writes, models)]
    return next(iter(heirs or writes), None)


def _saved_by_own(writes: Sequence[Ran], models: Models) -> list[Ran]:
    """The writes of the row that an overridden ``save()`` was called on; what the method writes
    besides goes along with them."""
    own = [one for one in writes if _is_in(models.of(one), one.frames)]
    shortest = min((len(one.frames) for one in own), default=0)
    return [one for one in own if len(one.frames) == shortest]


def _is_in(model: Model | None, frames: Sequence[Frame]) -> bool:
    override = model.save if model is not None else None
    return override is not None and any(
        override.endswith(f".{frame.function}") and "." in frame.function for frame in frames
    )


def _collected(call: Call, view: View) -> list[Ran]:
    """Deletions of what was looked up for one value after the other."""
    looked_up = {
        one.table
        for one in call.ran
        if one.statement.verb is Verb.SELECT
        and one.method == "delete"
        and one.params >= view.threshold
        and not one.statement.binds_list
    }
    return [one for one in call.ran if one.statement.verb is Verb.DELETE and one.table in looked_up]


def _inherits(model: Model | None, writes: Sequence[Ran], models: Models) -> bool:
    tables = {one.table for one in writes}
    parents = [models.label(label) for label in model.parents] if model is not None else []
    return any(parent is not None and parent.table in tables for parent in parents)


def _sight(
    call: Call,
    written: Ran,
    loop: Frame,
    rule: Claimant,
    models: Models,
    view: View,
    ran: Sequence[Ran],
) -> Sighting:
    model = models.of(written)
    frames = call.frames
    access = frames[0]
    far = places_of(frames).index(places_of([loop])[0]) if loop in frames else 0
    severity = rule.severity if far <= _FAR else Severity.NOTE
    return Sighting(
        rule=rule.code,
        group=("QA6", loop.path, loop.function, access.path, access.function),
        cause=(
            rule.code, loop.path, loop.function, access.path, access.function,
            written.method or "", written.statement.fingerprint,
        ),
        severity=severity_at((loop, access), severity, view),
        frame=loop,
        access=access,
        loop=looped_at(loop),
        target=model.label if model is not None else None,
        method=written.method,
        statement=written.statement.normalised,
        queries=call.queries,
        duration_ns=call.duration_ns,
        note=_described(written, model, models.is_link(written.table)),
        write=in_loop(_row_write(written, model, models, call.ran), written, call, loop, ran, view),
        ignored=call.ignored,
        frames=visible((loop, *written.frames)),
    )  # fmt: skip


_DONE = {Verb.INSERT: "inserted", Verb.UPDATE: "updated", Verb.DELETE: "deleted"}


def _described(written: Ran, model: Model | None, link: bool) -> str:
    row = f"row of {written.table}"
    name = row if model is None or link else model.label.rpartition(".")[2]
    if written.method in MATCHING:
        return f"{name}.{written.method}()"
    return f"{name} {_DONE.get(written.statement.verb, 'written')}"


def _row_write(written: Ran, model: Model | None, models: Models, ran: Sequence[Ran]) -> RowWrite:
    statement = written.statement
    write = statement.write
    columns = write.columns if write is not None else ()
    names = {c.column: c.name for c in model.columns} if model is not None else {}
    signals: tuple[str, ...] = _SIGNALS.get(statement.verb, _SIGNALS[Verb.INSERT])
    link = models.is_link(statement.tables[0] if statement.tables else "")
    if link:
        signals = ("m2m_changed",)
    override = None
    if model is not None and not link:
        override = model.delete if statement.verb is Verb.DELETE else model.save
    return RowWrite(
        verb=statement.verb.value,
        model=model.label.rpartition(".")[2] if model is not None else "",
        table=written.table,
        method=written.method,
        fields=tuple(names.get(column, column) for column in columns),
        signals=tuple(name for name in signals if model is not None and name in model.signals),
        override=override,
        unique=_unique(model),
        parent=_parent(written, model),
        link=link,
        inherits=model is not None
        and (_is_heir(model, models) or _has_heirs(model, written.statement.verb, ran, models)),
        by=_compared(written, model),
        saver=next((name for path, name in _SAVERS.items() if written.via.startswith(path)), ""),
        renewed=_names(model, lambda column: column.renewed),
        null=_names(model, lambda column: column.null),
        mutable=_names(model, lambda column: column.kind in _MUTABLE),
    )


def _names(model: Model | None, test: Callable[[Column], bool]) -> tuple[str, ...]:
    return tuple(c.name for c in model.columns if test(c)) if model is not None else ()


def _compared(written: Ran, model: Model | None) -> tuple[str, ...] | None:
    compared = written.statement.compared
    if model is None or compared is None:
        return None
    names = {c.column: "pk" if c.primary else c.name for c in model.columns}
    return tuple(names.get(column, column) for column in compared)


def _is_heir(model: Model, models: Models) -> bool:
    parents = [models.label(label) for label in model.parents]
    return any(parent is not None and parent.table != model.table for parent in parents)


def _has_heirs(model: Model, verb: Verb, ran: Sequence[Ran], models: Models) -> bool:
    """Whether the rows are those of models that inherit from it, as one of several kinds."""
    others = (models.of(one) for one in ran if one.statement.verb is verb)
    return any(
        other is not None and model.label in other.parents and other.table != model.table
        for other in others
    )


def _unique(model: Model | None) -> tuple[tuple[str, ...], ...]:
    if model is None:
        return ()
    single = tuple((column.name,) for column in model.columns if column.unique)
    return (*single, *model.unique)


def _parent(written: Ran, model: Model | None) -> str:
    """The foreign key to the row on whose manager the call was made; empty without one."""
    access = written.access
    if access is None or not access.path or model is None:
        return ""
    keys = [column.name for column in model.columns if column.target == access.owner]
    return keys[0] if len(keys) == 1 else ""
