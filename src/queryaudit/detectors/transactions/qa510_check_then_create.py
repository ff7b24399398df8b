"""QA510: a row is created if it is not there, and nothing keeps it from being twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at
from queryaudit.detectors.transactions.fold import Ran, Runs, TransactionFold
from queryaudit.detectors.transactions.holding import statement_of
from queryaudit.detectors.transactions.rule import WrittenRule
from queryaudit.records.definitions import Frame, Model
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.rules import Severity
from queryaudit.sql.verbs import Verb

_CALLS = ("get_or_create(", "update_or_create(")


class CheckThenCreate(WrittenRule):
    """A row is looked for, and created if it is not there; no constraint keeps it from being twice.

    What it detects
    ---------------
    ``get_or_create()``, ``update_or_create()``, and ``create()`` right behind ``if not
    ....exists()``, where the columns that are looked for are not unique, alone or together, and
    nothing was locked before.

    Why it matters
    --------------
    Two requests look at the same time, both find nothing, both create. From then on ``get()``
    raises MultipleObjectsReturned. Only the database can say that there is one.

    Example
    -------
    ::

        vote, created = Vote.objects.get_or_create(user=user, poll=poll)

    Better
    ------
    ::

        class Meta:
            constraints = [UniqueConstraint(fields=["user", "poll"], name="one_vote_each")]

    When it is fine
    ---------------
    Where duplicates do no harm, or only one process creates such rows. Silent: lookups by unique
    columns, rows created behind a lock, loops, management commands.

    Evidence
    --------
    OBSERVED: the lookup and the INSERT were seen, and the model's constraints are known.

    Options
    -------
    None.
    """

    code = "QA510"
    name = "check-then-create"
    severity = Severity.WARNING
    summary = "A row is created if it is not there, and no constraint keeps it from being twice."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        if view.scope.kind is ScopeKind.COMMAND:
            return
        reads = [*_lookups(fold, view)]
        for ran, runs, locked in _inserts(fold, view):
            statement = statement_of(ran, view)
            frames = view.tables.stacks[ran[1]].frames
            frame = evaluated_at(frames, view)
            model = view.tables.model_of(statement.tables[0])
            if locked or model is None or frame is None or frame.kind not in view.own:
                continue
            if frame.loop_text:
                continue  # in a loop it is a batch: QA602
            found = {
                columns
                for table, columns, at in reads
                if table == model.table and _is_check(at, frame) and not _is_unique(columns, model)
            }
            if found:
                fields = _fields(min(found), model)
                yield self.sighting(
                    (model.label, *fields),
                    ran,
                    runs,
                    frame,
                    frames,
                    view,
                    model=model.label,
                    target=", ".join(fields),
                    note=f"{', '.join(fields)} not unique",
                )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        rows = (head.model or "").rpartition(".")[2]
        return (
            f"{rows} is looked for by {head.target} and created if it is not there, and no "
            "constraint keeps it from being created twice."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text="the lookup and the INSERT were seen; the model has no unique constraint on these "
            "columns",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        fields = (head.target or "").split(", ")
        names = ", ".join(f'"{field}"' for field in fields)
        rows = (head.model or "").rpartition(".")[2].lower()
        return Fix(
            title="say in the database that there is one",
            applicability=Applicability.UNSAFE,
            code=f'models.UniqueConstraint(fields=[{names}], name="{rows}_{"_".join(fields)}")',
            note="Needs a migration, and rows that are there twice have to be merged first. "
            "get_or_create() then catches the error and reads the other's row.",
        )


def _lookups(fold: TransactionFold, view: View) -> Iterator[tuple[str, tuple[str, ...], Frame]]:
    """Table, columns and place of the reads by plain conditions on one table."""
    rans = dict.fromkeys([*fold.loose, *(ran for b in fold.began.values() for ran in b.statements)])
    for ran in rans:
        statement = statement_of(ran, view)
        if statement.verb is not Verb.SELECT or len(statement.tables) != 1:
            continue
        frame = evaluated_at(view.tables.stacks[ran[1]].frames, view)
        if statement.compared and frame is not None:
            yield statement.tables[0], tuple(sorted(set(statement.compared))), frame


def _inserts(fold: TransactionFold, view: View) -> Iterator[tuple[Ran, Runs, bool]]:
    """The rows that are created, and whether something was locked in the same transaction."""
    for ran, runs in fold.loose.items():
        if _is_insert(ran, view):
            yield ran, runs, False
    for began in fold.began.values():
        # update_or_create() locks the row that it looks for: one that is there.
        locked = any(
            statement.lock is not None and not _is_call(ran, view)
            for ran in began.statements
            for statement in [statement_of(ran, view)]
        )
        for ran, runs in began.statements.items():
            if _is_insert(ran, view):
                yield ran, runs, locked


def _is_insert(ran: Ran, view: View) -> bool:
    statement = statement_of(ran, view)
    return statement.verb is Verb.INSERT and bool(statement.tables)


def _is_call(ran: Ran, view: View) -> bool:
    frame = evaluated_at(view.tables.stacks[ran[1]].frames, view)
    return frame is not None and any(call in _line(frame, frame.line) for call in _CALLS)


def _is_check(at: Frame, created: Frame) -> bool:
    """Whether the row is created because a lookup found none."""
    if (at.path, at.function) != (created.path, created.function):
        return False
    text = _line(created, created.line)
    if (at.line, at.column) == (created.line, created.column):
        return any(call in text for call in _CALLS)
    check = _line(created, at.line)
    return at.line < created.line and check.startswith("if not ") and ".exists()" in check


def _line(frame: Frame, line: int) -> str:
    if frame.snippet_line is None or not 0 <= line - frame.snippet_line < len(frame.snippet):
        return ""
    return frame.snippet[line - frame.snippet_line].strip()


def _is_unique(columns: tuple[str, ...], model: Model) -> bool:
    known = {column.name: column.column for column in model.columns}
    alone = {c.column for c in model.columns if c.unique or c.primary}
    if alone & set(columns):
        return True
    together = [{known.get(name, name) for name in names} for names in model.unique]
    return any(names <= set(columns) for names in together)


def _fields(columns: tuple[str, ...], model: Model) -> tuple[str, ...]:
    names = {column.column: column.name for column in model.columns}
    return tuple(names.get(column, column) for column in columns)
