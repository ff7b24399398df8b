"""QA604: a row is saved with all its columns, of which one was changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.row_saves import RowSave, row_save
from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.places import called_at, function_of, severity_at, visible
from queryaudit.detectors.writes.calls import Models, Ran
from queryaudit.detectors.writes.rule import LoopFold
from queryaudit.records.definitions import Column, Frame, Model
from queryaudit.records.findings import Applicability, Edit, Evidence, Fix, Grade
from queryaudit.records.rules import Severity
from queryaudit.sql.verbs import Verb

#: From so many columns on, or with one of these kinds, it is more than a matter of taste.
_MANY = 8
_LARGE = frozenset({"TextField", "JSONField", "BinaryField", "ArrayField", "HStoreField"})
_SIGNALS = ("pre_save", "post_save")


class FullRowUpdate(Detector):
    """``save()`` writes every column of a row of which one, or none, was given a value.

    What it detects
    ---------------
    An UPDATE of all columns by ``save()`` without ``update_fields``, where the source of the
    function shows that it loaded the row itself, gave one column a value or none, and handed the
    row to nobody in between.

    Why it matters
    --------------
    What others wrote to the other columns since the row was loaded is overwritten with the old
    values, with no error. Large columns travel both ways, and on PostgreSQL an update that leaves
    indexed columns alone is cheaper.

    Example
    -------
    ::

        order = Order.objects.get(pk=pk)
        order.status = "paid"
        order.save()

    Better
    ------
    ::

        order = Order.objects.get(pk=pk)
        order.status = "paid"
        order.save(update_fields=["status"])

    When it is fine
    ---------------
    Rows that are new, forms, serializers and the admin, rows of which several columns are given
    values, rows that are handed on or whose methods are called before they are saved, loops
    (QA601), and values that are computed from the old one (QA509): all are silent. So is a save
    without a change where it sets an ``auto_now`` column or somebody listens to it. With few and
    small columns the finding is a note. ``auto_now`` columns are part of the fix, as
    ``update_fields`` leaves them out otherwise.

    Evidence
    --------
    OBSERVED: the UPDATE that ran sets all columns; the function's source has all that the row was
    given.

    Options
    -------
    None.
    """

    code = "QA604"
    name = "full-row-update"
    severity = Severity.WARNING
    summary = "All columns of a row are written, of which one was changed."
    fold = LoopFold

    def judge(self, fold: LoopFold, view: View) -> Iterable[Sighting]:
        models = view.tables.of_models(Models)
        for one in fold.ran(view):
            model = models.of(one)
            if model is None or not _is_whole(one, model):
                continue
            frames = called_at(one.frames)
            frame = frames[0] if frames else None
            if frame is None or frame.kind not in view.own or any(f.loop_text for f in frames):
                continue
            saved = _saved(frame, view)
            if saved is not None and not saved.computed and _is_much(saved, model):
                yield self._sight(one, frame, saved, model, view)

    def _sight(self, one: Ran, frame: Frame, saved: RowSave, model: Model, view: View) -> Sighting:
        place = (frame.path, frame.function, model.label, saved.row, *(_fields(saved, model) or ()))
        written = _written(model)
        large = len(written) >= _MANY or any(c.kind in _LARGE for c in written)
        severity = self.severity if large else Severity.NOTE
        fix = _fix(frame, saved, model)
        return Sighting(
            rule=self.code,
            group=(self.code, *place),
            cause=(self.code, *place, one.statement.fingerprint),
            severity=severity_at((frame,), severity, view),
            frame=frame,
            access=frame,
            owner=saved.row,
            target=model.label,
            statement=one.statement.normalised,
            queries=one.queries,
            duration_ns=one.duration_ns,
            rows=0,
            note=_said(saved, len(written), model),
            ignored=one.ignored,
            frames=visible(one.frames),
            fix=fix,
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        return sightings[0].note

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text="the UPDATE that ran sets all columns; the source shows what the row was given "
            "since it was loaded",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return sightings[0].fix


def _written(model: Model) -> list[Column]:
    return [column for column in model.columns if not column.primary]


def _is_whole(one: Ran, model: Model) -> bool:
    """Whether it is the UPDATE of ``save()``, of one row by its key and with all columns."""
    statement = one.statement
    if statement.verb is not Verb.UPDATE or statement.write is None or not one.done:
        return False
    keys = tuple(column.column for column in model.columns if column.primary)
    columns = {column.column for column in _written(model)}
    if statement.compared != keys or one.batched:
        return False
    return len(columns) > 1 and set(statement.write.columns) == columns


def _saved(frame: Frame, view: View) -> RowSave | None:
    function = function_of(frame, view.tables)
    if function is None:
        return None
    source = FunctionSource(function.first_line, function.lines)
    return row_save(source, frame.line, frame.end_line)


def _is_much(saved: RowSave, model: Model) -> bool:
    """Whether the rest was written in vain: one column was given a value, or none by mistake."""
    fields = _fields(saved, model)
    if fields is None or fields:
        return fields is not None and len(fields) == 1
    heard = model.save is not None or set(_SIGNALS) & set(model.signals)
    return not heard and not any(column.renewed for column in model.columns)


def _fields(saved: RowSave, model: Model) -> list[str] | None:
    """The fields that were given values, as ``update_fields`` wants them; None where an attribute
    is no column: it may stand for several."""
    names = {name: c.name for c in _written(model) for name in (c.name, c.attname)}
    if not set(saved.attributes) <= set(names):
        return None
    touched = [attribute for attribute in saved.touched if attribute in names]
    return list(dict.fromkeys(names[one] for one in (*saved.attributes, *touched)))


def _said(saved: RowSave, columns: int, model: Model) -> str:
    name = model.label.rpartition(".")[2]
    fields = _fields(saved, model)
    given = f"only `{fields[0]}` was" if fields else "none was"
    return (
        f"`{saved.row}.save()` writes all {columns} columns of {name}, and {given} given a value "
        "since it was loaded."
    )


def _fix(frame: Frame, saved: RowSave, model: Model) -> Fix:
    fields = _fields(saved, model)
    if not fields:
        return Fix(
            title="leave the save out",
            applicability=Applicability.DISPLAY_ONLY,
            code=f"# without {saved.row}.save()",
            note="Nothing was changed, and nobody listens to the save.",
        )
    fields += [c.name for c in _written(model) if c.renewed and c.name not in fields]
    listed = ", ".join(f'"{name}"' for name in fields)
    line = _line(frame)
    old, new = f"{saved.row}.save()", f"{saved.row}.save(update_fields=[{listed}])"
    old = old if old in line else old.replace(".save(", ".asave(")
    new = new if ".asave(" not in old else new.replace(".save(", ".asave(")
    edits: tuple[Edit, ...] = ()
    if line.count(old) == 1 and len(line) + len(new) - len(old) < 120:
        after = line.replace(old, new)
        edits = (
            Edit(
                path=frame.path,
                first_line=frame.line,
                last_line=frame.line,
                before=(line,),
                after=(after,),
            ),
        )
    return Fix(
        title="name the columns that are saved",
        applicability=Applicability.UNSAFE,
        code=new,
        edits=edits,
        note="\n".join(_notes(model)),
    )


def _notes(model: Model) -> Iterable[str]:
    yield "If the row was deleted meanwhile, this raises an error, where save() inserts it again."
    if model.save is not None:
        yield f"{model.save}() may set columns itself: name those too."
    heard = [name for name in _SIGNALS if name in model.signals]
    if heard:
        yield (
            f"The receivers of {' and '.join(heard)} are given `update_fields`; what they set on "
            "the row is saved only if it is named."
        )


def _line(frame: Frame) -> str:
    at = frame.line - (frame.snippet_line or frame.line)
    return frame.snippet[at] if 0 <= at < len(frame.snippet) else ""
