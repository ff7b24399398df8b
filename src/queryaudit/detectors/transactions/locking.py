"""Locking queries in transactions, and how a finding about one is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, looped_at, visible
from queryaudit.detectors.transactions.fold import Ran, Runs, TransactionFold
from queryaudit.detectors.transactions.holding import Place, places, statement_of
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind
from queryaudit.records.rules import Severity
from queryaudit.sql.locks import RowLock
from queryaudit.sql.statement import Statement


@dataclass(frozen=True, slots=True)
class Locking:
    """One locking query at one stack, in the transactions that began at one place."""

    place: Place
    ran: Ran
    runs: Runs
    statement: Statement
    lock: RowLock
    frame: Frame
    frames: tuple[Frame, ...]
    rows: int  #: most that were locked at once
    gated: bool  #: another row was locked before, which keeps others out

    @property
    def table(self) -> str:
        return self.statement.tables[0] if self.statement.tables else ""


def lockings(fold: TransactionFold, view: View) -> Iterator[Locking]:
    """The project's locking queries."""
    for place in places(fold, view):
        gated = False
        # update_or_create() locks the row that it writes: the call is the writing rules' business.
        writing = {
            (ran[1], statement.tables[:1])
            for ran in place.began.statements
            if (statement := statement_of(ran, view)).write is not None
        }
        for ran, runs in place.began.statements.items():
            statement = statement_of(ran, view)
            frames = view.tables.stacks[ran[1]].frames
            frame = evaluated_at(frames, view)
            if statement.lock is None or (ran[1], statement.tables[:1]) in writing:
                continue
            rows = fold.rows.get(ran, 1)
            if frame is not None and frame.kind in view.own:
                yield Locking(
                    place, ran, runs, statement, statement.lock, frame, frames, rows, gated
                )
            gated = gated or rows == 1


def sighting(
    rule: str, one: Locking, severity: Severity, note: str, loop: Frame | None = None
) -> Sighting:
    """What a rule about locking queries saw."""
    place = (one.statement.fingerprint, one.frame.path, one.frame.function)
    return Sighting(
        rule=rule,
        group=(rule, *place),
        cause=(rule, *place, one.place.name),
        severity=severity,
        frame=one.frame,
        evaluated=one.place.frame,
        access=one.frame,
        loop=looped_at(loop),
        owner=one.place.name,
        target=one.table,
        statement=one.statement.normalised,
        queries=one.runs.queries,
        duration_ns=one.runs.duration_ns,
        rows=one.rows,
        most=one.rows,
        note=note,
        ignored=one.runs.ignored if one.runs.ignored is not None else one.place.home[2],
        frames=visible((*one.frames, *one.place.frames)),
    )


def loop_of(frames: tuple[Frame, ...], view: View) -> Frame | None:
    """The innermost frame of one's own that stands in a loop."""
    return next(
        (
            f
            for f in frames
            if f.loop_text and f.kind in view.own and f.kind is not FrameKind.LIBRARY
        ),
        None,
    )
