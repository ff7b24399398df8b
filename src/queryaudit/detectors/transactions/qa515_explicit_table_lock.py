"""QA515: a whole table is locked by LOCK TABLE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.fold import TransactionFold
from queryaudit.detectors.transactions.holding import places, statement_of
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.rules import Severity


class ExplicitTableLock(TransactionRule):
    """``LOCK TABLE`` in a transaction that serves people.

    What it detects
    ---------------
    ``LOCK TABLE`` that the project's own code runs in a transaction, outside of commands.

    Why it matters
    --------------
    Everybody who wants any row of the table waits for the commit; in its default mode even those
    who only read. Who waits for the lock makes all wait who come after.

    Example
    -------
    ::

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE shop_order IN EXCLUSIVE MODE")

    Better
    ------
    ::

        with transaction.atomic():
            order = Order.objects.select_for_update().get(pk=pk)

    When it is fine
    ---------------
    In migrations, maintenance commands, and where rows that do not exist yet have to be kept out;
    for the latter an advisory lock or a unique constraint disturbs fewer people.

    Evidence
    --------
    OBSERVED: the statement says so.

    Options
    -------
    None.
    """

    code = "QA515"
    name = "explicit-table-lock"
    severity = Severity.WARNING
    summary = "A whole table is locked for a change of some rows."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        if view.scope.kind is ScopeKind.COMMAND:
            return
        for place in places(fold, view):
            for ran, runs in place.began.statements.items():
                statement = statement_of(ran, view)
                frames = view.tables.stacks[ran[1]].frames
                frame = evaluated_at(frames, view)
                if not statement.locks_table or frame is None or frame.kind not in view.own:
                    continue
                at = (statement.fingerprint, frame.path, frame.function)
                yield Sighting(
                    rule=self.code,
                    group=(self.code, *at),
                    cause=(self.code, *at, place.name),
                    severity=self.severity,
                    frame=frame,
                    evaluated=place.frame,
                    access=frame,
                    owner=place.name,
                    statement=statement.normalised,
                    queries=runs.queries,
                    duration_ns=runs.duration_ns,
                    note="all rows of the table",
                    ignored=runs.ignored,
                    frames=visible((*frames, *place.frames)),
                )

    def message(self, sightings: Sequence[Sighting]) -> str:
        return f"A whole table is locked until {sightings[0].owner} commits."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="lock the rows, or an advisory lock",
            applicability=Applicability.DISPLAY_ONLY,
            code='cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])',
            note="select_for_update() where the rows exist, an advisory lock where they do not.",
        )
