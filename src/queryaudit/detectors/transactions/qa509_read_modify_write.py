"""QA509: a value is read, changed in Python and written back, without a lock."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from queryaudit.advice.function_source import FunctionSource
from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, function_of
from queryaudit.detectors.transactions.computed import computed
from queryaudit.detectors.transactions.fold import Ran, Runs, TransactionFold
from queryaudit.detectors.transactions.holding import statement_of
from queryaudit.detectors.transactions.rule import WrittenRule
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.rules import Severity
from queryaudit.sql.verbs import Verb


class ReadModifyWrite(WrittenRule):
    """A value is computed in Python from what was read, and saved, and no lock keeps others out.

    What it detects
    ---------------
    ``book.stock -= 1`` (or ``book.stock = book.stock - 1``) followed by ``book.save()``, where the
    UPDATE that ran sets the column to a plain value, and nothing in the transaction locked rows of
    the table.

    Why it matters
    --------------
    Two requests read the same number, both compute, both write: one change is lost, with no error.
    ``atomic`` alone does not help: at the default isolation level both may read before either
    writes.

    Example
    -------
    ::

        book = Book.objects.get(pk=pk)
        book.stock -= 1
        book.save(update_fields=["stock"])

    Better
    ------
    ::

        Book.objects.filter(pk=pk, stock__gt=0).update(stock=F("stock") - 1)

    When it is fine
    ---------------
    Where only one process ever writes, as in a scheduled job. Silent: loops, commands, rows
    that were made in the same function, rows locked by ``select_for_update()``, and ``F()``.

    Evidence
    --------
    OBSERVED: the statement that ran sets a plain value, and the source computes it from the old
    one.

    Options
    -------
    None.
    """

    code = "QA509"
    name = "read-modify-write"
    severity = Severity.WARNING
    summary = "A value is read, changed in Python and written back, without a lock."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        if view.scope.kind is ScopeKind.COMMAND:
            return
        yield from self._among(fold.loose, view)
        for began in fold.began.values():
            yield from self._among(began.statements, view)

    def _among(self, statements: Mapping[Ran, Runs], view: View) -> Iterator[Sighting]:
        for ran, runs in statements.items():
            statement = statement_of(ran, view)
            if statement.verb is not Verb.UPDATE or not statement.tables:
                continue
            frames = view.tables.stacks[ran[1]].frames
            frame = evaluated_at(frames, view)
            if frame is None or frame.kind not in view.own or frame.loop_text:
                continue  # in a loop it is a batch: QA601
            table, text = statement.tables[0], view.tables.sql[ran[0]].text
            for one in computed(frame):
                if not _is_plain(text, one.attribute) or _is_kept(table, frame, statements, view):
                    continue
                if _asked_for_lock(frame, one.variable, view):
                    continue
                model = view.tables.model_of(table)
                yield self.sighting(
                    (table, one.attribute),
                    ran,
                    runs,
                    frame,
                    frames,
                    view,
                    model=None if model is None else model.label,
                    owner=one.variable,
                    target=one.attribute,
                    change=one.change,
                    note=f"{one.variable}.{one.attribute} {one.change}",
                )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return (
            f"{head.owner}.{head.target} is computed from a value that was read without a lock; "
            "what others write meanwhile is lost."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED,
            text="the UPDATE that ran sets the column to a plain value, and no row of the table "
            "was locked before",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        rows = (head.model or "Model").rpartition(".")[2]
        return Fix(
            title="let the database compute",
            applicability=Applicability.UNSAFE,
            code=f"{rows}.objects.filter(pk={head.owner}.pk)"
            f'.update({head.target}=F("{head.target}") {head.method})',
            note="update() calls no save() and sends no signals. Where they are needed, read the "
            "row by select_for_update() in an atomic block.",
        )


def _is_plain(text: str, column: str) -> bool:
    """Whether an UPDATE sets the column to a parameter."""
    return any(f"{quote}{column}{quote} = %s" in text.partition(" WHERE ")[0] for quote in '"`')


def _is_kept(table: str, frame: Frame, statements: Mapping[Ran, Runs], view: View) -> bool:
    """Whether nobody else can write the row: it is locked, or was made by the same function."""
    for ran in statements:
        statement = statement_of(ran, view)
        if table not in statement.tables:
            continue
        if statement.lock is not None or statement.locks_table:
            return True
        if statement.verb is Verb.INSERT:
            made = evaluated_at(view.tables.stacks[ran[1]].frames, view)
            if made is not None and (made.path, made.function) == (frame.path, frame.function):
                return True
    return False


def _asked_for_lock(frame: Frame, variable: str, view: View) -> bool:
    """Whether the row was read by ``select_for_update()``, of which SQLite has nothing to show."""
    function = function_of(frame, view.tables)
    parsed = FunctionSource(function.first_line, function.lines).parsed() if function else None
    if parsed is None:
        return False
    return any(
        isinstance(node, ast.Attribute) and node.attr == "select_for_update"
        for statement in ast.walk(parsed[1])
        if isinstance(statement, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == variable for t in statement.targets)
        for node in ast.walk(statement.value)
    )
