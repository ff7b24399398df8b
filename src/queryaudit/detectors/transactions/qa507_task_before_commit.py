"""QA507: a task that names a row is published before the row is committed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.transactions.effects import Caught, caught
from queryaudit.detectors.transactions.fold import TransactionFold
from queryaudit.detectors.transactions.moving import after_commit, call_text
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import EffectKind
from queryaudit.records.rules import Severity


class TaskBeforeCommit(TransactionRule):
    """A task or message names a row that its transaction has written and not committed.

    What it detects
    ---------------
    A task or message (Celery, RQ, Dramatiq, Huey, Kafka, Channels) published in a transaction, with
    the key of a row in it, or the row itself, whose table the transaction has written.

    Why it matters
    --------------
    The worker may be faster than the commit: it then finds no row, or the old one. If the
    transaction is rolled back, the task runs for something that never was. In tests, where tasks
    run at once and in the same transaction, this never shows.

    Example
    -------
    ::

        with transaction.atomic():
            order = Order.objects.create(customer=customer)
            send_invoice.delay(order.pk)

    Better
    ------
    ::

        with transaction.atomic():
            order = Order.objects.create(customer=customer)
            transaction.on_commit(partial(send_invoice.delay, order.pk))

    When it is fine
    ---------------
    With a queue that lives in the same database and commits with it. Silent: callbacks of
    ``on_commit``, ``delay_on_commit()``, tasks that name rows which were only read.

    Evidence
    --------
    OBSERVED: the key of a row that the code holds was among the task's arguments.

    Options
    -------
    None.
    """

    code = "QA507"
    name = "task-before-commit"
    severity = Severity.WARNING
    summary = "A task that names a row is published before the row is committed."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        for one in caught(fold, view):
            if one.kind is EffectKind.PUBLISH and one.named:
                yield self._sighting(one, view)

    def _sighting(self, one: Caught, view: View) -> Sighting:
        held = next(held for held in one.held if held.written and held.table in one.named)
        place = (one.client, one.frame.path, one.frame.function)
        return Sighting(
            rule=self.code,
            group=(self.code, *place),
            cause=(self.code, *place, one.place.name, held.table),
            severity=self.severity,
            frame=one.frame,
            evaluated=one.place.frame,
            access=one.frame,
            owner=one.place.name,
            target=held.table,
            statement=view.statements.of(view.tables.sql[held.ran[0]].text).normalised,
            queries=one.seen.count,
            duration_ns=one.seen.duration_ns,
            note=f"{one.client} is told of a row of {held.table}",
            ignored=one.ignored,
            frames=one.frames,
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return (
            f"A task names a row of {head.target} that the transaction of {head.owner} has not "
            "committed yet."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        count = sum(s.queries for s in sightings)
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"published {count} time{'s' if count > 1 else ''} with the key of a row that was "
            "written in the same transaction",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        text = call_text(sightings[0].frame)
        return Fix(
            title="publish it after the commit",
            applicability=Applicability.UNSAFE if text else Applicability.DISPLAY_ONLY,
            code=after_commit(text) if text else "",
            note="Celery has delay_on_commit() for this." if "Celery" in sightings[0].note else "",
        )
