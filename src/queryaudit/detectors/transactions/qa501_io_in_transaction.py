"""QA501: something slow outside the database is done while rows are held."""

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

_DOES = {
    EffectKind.NETWORK: "A call over the network",
    EffectKind.MAIL: "Mail is sent",
    EffectKind.PUBLISH: "A task or message is published",
    EffectKind.PROCESS: "A process is started",
    EffectKind.SLEEP: "The code sleeps",
    EffectKind.CACHE: "The cache is written",
    EffectKind.FILE: "A large file is written",
}
#: What takes little time as a rule.
_QUICK = frozenset({EffectKind.CACHE, EffectKind.FILE})


class IoInTransaction(TransactionRule):
    """A network call, mail, task, process or sleep, while a transaction holds rows.

    What it detects
    ---------------
    HTTP by requests, httpx, urllib3, urllib, aiohttp or boto3, mail by Django or smtplib,
    tasks and messages for Celery, RQ, Dramatiq, Huey, Kafka, Channels or Django's tasks, processes,
    ``time.sleep()`` and ``asyncio.sleep()``, after rows were written or locked in the same
    transaction; as notes, writes to the cache, and files of 64 KiB or more that go to a storage of
    Django's, or are written by ``pathlib`` or ``shutil``. Calls that a test answers itself are seen
    as well.

    Why it matters
    --------------
    Rows stay locked until the commit: everybody who wants them waits for the other service too. And
    what was done outside can't be rolled back: if the transaction fails, the customer is charged
    for an order that does not exist.

    Example
    -------
    ::

        with transaction.atomic():
            order.status = "paid"
            order.save()
            requests.post(GATEWAY, json={"order": order.pk})

    Better
    ------
    ::

        with transaction.atomic():
            order.status = "paid"
            order.save()
            transaction.on_commit(partial(requests.post, GATEWAY, json={"order": order.pk}))

    When it is fine
    ---------------
    Where the answer decides whether to commit and nothing else can hold the place, as with a lock
    that is there to keep others out meanwhile. Silent: callbacks of ``on_commit``, transactions
    that have only read, the transaction of a test case, what a test does itself, connections of
    databases, caches and logging, and tasks that are queued in a database, which are committed with
    the rest.

    Evidence
    --------
    OBSERVED: the call was seen between the statement that took the lock and the commit.

    Options
    -------
    None.
    """

    code = "QA501"
    name = "io-in-transaction"
    severity = Severity.WARNING
    summary = "Something slow outside the database is done while a transaction holds rows."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        for one in caught(fold, view):
            if one.kind is EffectKind.PUBLISH and one.named:
                continue  # worse than slow: QA507
            yield self._sighting(one, view)

    def _sighting(self, one: Caught, view: View) -> Sighting:
        held = one.held[0]
        place = (one.client, one.frame.path, one.frame.function)
        return Sighting(
            rule=self.code,
            group=(self.code, *place),
            cause=(self.code, *place, one.place.name, held.table),
            severity=Severity.NOTE if one.kind in _QUICK else self.severity,
            frame=one.frame,
            evaluated=one.place.frame,
            access=one.frame,
            owner=one.place.name,
            target=", ".join(str(one) for one in one.held),
            method=one.kind.name,
            statement=view.statements.of(view.tables.sql[held.ran[0]].text).normalised,
            queries=one.seen.count,
            duration_ns=one.seen.duration_ns,
            most=one.waited_ns,
            note=str(one),
            ignored=one.ignored,
            frames=one.frames,
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        does = _DOES[EffectKind[head.method or "NETWORK"]]
        client = head.note.partition(" in the transaction")[0]
        if head.method != EffectKind.CACHE.name:
            does = f"{does} ({client})"
        return f"{does} inside the transaction of {head.owner}, which holds {head.target}."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        count = sum(s.queries for s in sightings)
        took = sum(s.duration_ns for s in sightings) / 1e6
        held = max(s.most for s in sightings) / 1e6
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"seen {count} time{'s' if count > 1 else ''} before the commit, "
            f"{took:.1f} ms in all; by then rows had been held for up to {held:.1f} ms",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        if head.method == EffectKind.SLEEP.name:
            return Fix(
                title="wait outside the transaction",
                applicability=Applicability.DISPLAY_ONLY,
                code="",
                note="Leave the atomic block before sleeping, and enter a new one afterwards.",
            )
        if head.method == EffectKind.FILE.name:
            return Fix(
                title="write the file outside of the transaction",
                applicability=Applicability.DISPLAY_ONLY,
                code="",
                note="Write it before the atomic block, and store its name in it; or after the "
                "commit. A rollback does not remove a file.",
            )
        text = call_text(head.frame)
        if text is None:
            return Fix(
                title="move the call out of the transaction",
                applicability=Applicability.DISPLAY_ONLY,
                code="",
                note="The call's result is used: call before the block, or commit what is known, "
                "call, and store the result in a second transaction.",
            )
        return Fix(
            title="do it after the commit",
            applicability=Applicability.UNSAFE,
            code=after_commit(text),
            note="It then runs only if the transaction commits; an error in it no longer undoes "
            "the transaction.",
        )
