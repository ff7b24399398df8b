"""QA512: one unit of work writes to two databases, and they can't commit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.fold import Home, Ran, TransactionFold
from queryaudit.detectors.transactions.holding import Held, Place, held_by, places
from queryaudit.detectors.transactions.moving import after_commit, call_text
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity


@dataclass(frozen=True, slots=True)
class _Pair:
    """A transaction, and what was committed on another database while it was open."""

    place: Place
    ours: Held
    alias: str  #: the other database
    theirs: Held
    frame: Frame  #: of the write there
    frames: tuple[Frame, ...]
    alone: bool  #: that write committed by itself


class CrossDatabaseTransaction(TransactionRule):
    """Rows are written on two databases in transactions that are open at the same time.

    What it detects
    ---------------
    ``atomic()`` on one database within ``atomic()`` on another one, with rows written on both. As a
    note, a write that commits by itself on another database while a transaction that writes is
    open.

    Why it matters
    --------------
    There is no commit for both. One of them commits first; if the other one then fails, by a
    constraint, a deadlock or a lost connection, half of the work stays. And each holds its
    locks until both are done.

    Example
    -------
    ::

        with transaction.atomic(), transaction.atomic(using="archive"):
            order.save()
            Entry.objects.using("archive").create(order_id=order.pk)

    Better
    ------
    ::

        with transaction.atomic():
            order.save()
            Outbox.objects.create(kind="order-saved", key=order.pk)
            transaction.on_commit(send_outbox)

    When it is fine
    ---------------
    Where the second write may be lost or may be there twice, as a log that is meant to survive a
    rollback. Silent: databases that are only read, as replicas, sessions, writes one after the
    other's commit, callbacks of ``on_commit``, and blocks of a test itself.

    Evidence
    --------
    OBSERVED: the writes and the commits were seen in their order.

    Options
    -------
    None.
    """

    code = "QA512"
    name = "cross-database-transaction"
    severity = Severity.WARNING
    summary = "Rows are written on two databases that can't commit together."

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        for place in places(fold, view):
            for pair in _pairs(place, view):
                yield self._sighting(pair, view)

    def _sighting(self, pair: _Pair, view: View) -> Sighting:
        place = pair.place
        at = (pair.frame.path, pair.frame.function, pair.theirs.table, pair.alias)
        return Sighting(
            rule=self.code,
            group=(self.code, *at[:2], place.name, pair.alias),
            cause=(self.code, *at, place.name, pair.ours.table),
            severity=Severity.NOTE if pair.alone else self.severity,
            frame=pair.frame,
            evaluated=place.frame,
            access=pair.frame,
            owner=place.name,
            target=place.home[1],
            method=pair.alias,
            statement=view.statements.of(view.tables.sql[pair.theirs.ran[0]].text).normalised,
            queries=place.began.count,
            duration_ns=0,
            note=f"{pair.theirs.table} on {pair.alias}, {pair.ours.table} on {place.home[1]}",
            ignored=place.home[2],
            frames=visible((*pair.frames, *place.frames)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return (
            f"{head.owner} writes {head.note}, and they can't commit together: if {head.target} "
            f"fails, {head.method} has committed already."
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        head = sightings[0]
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"{head.method} committed while the transaction on {head.target} was open, and "
            "both had written",
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        alias = head.target or "default"
        text = call_text(head.frame)
        code = after_commit(text) if text is not None else "transaction.on_commit(send_outbox)"
        if alias != "default":
            code = f'{code[:-1]}, using="{alias}")'
        return Fix(
            title=f"write to {head.method} when {alias} has committed",
            applicability=Applicability.UNSAFE if text else Applicability.DISPLAY_ONLY,
            code=code,
            note="What then fails is lost. Where it must not be, write what is to be done as a row "
            f"of an outbox on {alias}, in the same transaction, and have a task carry it over "
            "until it has succeeded.",
        )


def _pairs(place: Place, view: View) -> Iterator[_Pair]:
    for home, (ours, theirs) in place.began.others.items():
        if _within(view.tables.stacks[home[0]].frames, place):
            yield from _pair(place, home, ours, theirs, view)
    for ran, alias in place.began.aside.items():
        if _within(view.tables.stacks[ran[1]].frames, place):
            home = (ran[1], alias, None)
            yield from _pair(place, home, place.began.statements, [ran], view, alone=True)


def _pair(
    place: Place,
    home: Home,
    ours: Iterable[Ran],
    theirs: Iterable[Ran],
    view: View,
    *,
    alone: bool = False,
) -> Iterator[_Pair]:
    mine = next((held for held in held_by(ours, view) if held.written), None)
    for held in held_by(theirs, view):
        frames = view.tables.stacks[held.ran[1]].frames
        frame = evaluated_at(frames, view)
        if mine is None or not held.written or frame is None or frame.kind not in view.own:
            continue
        yield _Pair(place, mine, home[1], held, frame, frames, alone)
        return


def _within(frames: Sequence[Frame], place: Place) -> bool:
    """Whether code runs inside of the transaction, and not beside it in another task."""
    home = place.frame
    return any(
        frame.path == home.path
        and (frame.function == home.function or frame.function.startswith(f"{home.function}."))
        for frame in frames
    )
