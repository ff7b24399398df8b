"""QA802: a task's queries run in a transaction that another task has open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.concurrency.foreign import ForeignFold, Strays, Where
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

_SAVEPOINTS = frozenset({Verb.SAVEPOINT, Verb.RELEASE})
#: Written to be entered by others: what is meant is who enters them.
_ENTERING = ("__aenter__", "__enter__")


class TransactionBleed(TransactionRule):
    """A task's queries run in a transaction that another task has begun.

    What it detects
    ---------------
    A transaction that stays open while its task awaits, as by an ``atomic`` that was made
    asynchronous by hand, and queries in it of tasks that ran meanwhile. All tasks of a request, a
    consumer or a loop use one thread for the ORM, and so one connection.

    Why it matters
    --------------
    If the transaction is rolled back, what the others have written is gone as well, although
    nothing of theirs failed; if one of their queries fails, the transaction can't go on. They read
    what is not committed, and their own ``atomic`` blocks commit nothing.

    Example
    -------
    ::

        class AsyncAtomic:
            async def __aenter__(self):
                self.block = transaction.atomic()
                await sync_to_async(self.block.__enter__)()

            async def __aexit__(self, *error):
                await sync_to_async(self.block.__exit__)(*error)


        async def pay(order):
            async with AsyncAtomic():
                await order.asave()
                await charge(order)


        async def checkout(order):
            await asyncio.gather(pay(order), count_visit())

    Better
    ------
    ::

        @sync_to_async
        def pay(order):
            with transaction.atomic():
                order.save()

    When it is fine
    ---------------
    When nothing else runs meanwhile, which nobody can promise for long. Silent: whatever the task
    that began the transaction awaits, tasks that it makes within the block, blocks in one
    synchronous function, and transactions in threads that no coroutine waits for. Before Python
    3.12 ``asyncio.wait_for()`` makes a task of what it waits for: a transaction that is begun in
    it, and goes on after it, is taken for another task's.

    Evidence
    --------
    OBSERVED: the query ran in the transaction, and its task had neither begun it nor was made by
    the one that had.

    Options
    -------
    None.
    """

    code = "QA802"
    name = "transaction-bleed"
    severity = Severity.WARNING
    summary = "A task's queries run in a transaction that another task has open."
    fold = ForeignFold

    def judge(self, fold: ForeignFold, view: View) -> Iterable[Sighting]:
        for where, strays in fold.found.items():
            statement = view.statements.of(view.tables.sql[where.sql].text)
            began = view.tables.stacks[where.began].frames
            begin = _entered_at(began, view)
            frames = view.tables.stacks[where.stack].frames
            frame = evaluated_at(frames, view)
            if statement.verb in _SAVEPOINTS or begin is None or frame is None:
                continue
            if frame.kind in view.own:
                shown = visible((*began, *frames))
                yield self._sighting(where, strays, begin, frame, shown, statement)

    def _sighting(
        self,
        where: Where,
        strays: Strays,
        begin: Frame,
        frame: Frame,
        frames: tuple[Frame, ...],
        statement: Statement,
    ) -> Sighting:
        place = (self.code, begin.path, begin.function)
        return Sighting(
            rule=self.code,
            group=place,
            cause=(*place, frame.path, frame.function),
            severity=self.severity,
            frame=begin,
            access=frame,
            owner=begin.function or begin.path,
            target=frame.function or frame.path,
            statement=statement.normalised,
            queries=strays.queries,
            duration_ns=strays.duration_ns,
            note=f"{frame.function or frame.path} in the transaction",
            ignored=where.ignored,
            frames=frames,
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        owner = sightings[0].owner
        names = sorted({sighting.target or "" for sighting in sightings})
        one = len(names) == 1
        return (
            f"While the transaction of {owner} is open, {' and '.join(names)} "
            f"{'runs its' if one else 'run their'} queries in it, from "
            f"{'another task' if one else 'other tasks'}: a rollback undoes these, too."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        count = sum(sighting.queries for sighting in sightings)
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"{count} {'query' if count == 1 else 'queries'} of tasks that had not begun the "
            "transaction ran on its connection before it ended",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="begin and end it in one synchronous function",
            applicability=Applicability.DISPLAY_ONLY,
            code="@sync_to_async\ndef work():\n    with transaction.atomic():\n        ...",
            note="Nothing else runs on the connection until the function returns. What it awaits "
            "goes before or after it.",
        )


def _entered_at(frames: Sequence[Frame], view: View) -> Frame | None:
    """The block of one's own, not the context manager that it enters."""
    own = [frame for frame in frames if frame.kind in view.own]
    blocks = [f for f in own if f.function.rpartition(".")[2] not in _ENTERING]
    return next(iter([*blocks, *own]), None)
