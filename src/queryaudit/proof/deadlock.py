"""Replays two transactions against each other until the server ends one of them, or lets both go.

Each runs up to the statement that the other one can make wait; then both run that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NoReturn

from queryaudit.errors import LostConnectionError, QueryAuditError
from queryaudit.locking.graph import Chain, Crossing
from queryaudit.locking.locks import Lock
from queryaudit.locking.reading import read
from queryaudit.plans.server import first_line
from queryaudit.proof.interleaving import DEADLOCK, Answer, Session, Watch
from queryaudit.proof.meeting_rows import Rows
from queryaudit.proof.script import Line, script
from queryaudit.proof.staging import Stage, refusal, stage
from queryaudit.records.advised import Outcome
from queryaudit.records.definitions import Frame, Model
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.verbs import Verb

_THROUGH = (
    "replayed in two sessions, the server let both through; triggers and generated columns, if "
    "there are any, took no part"
)
_MET = "they meet before, where one waits and holds nobody up"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a replay showed. ``script`` repeats it in two sessions, if it was a deadlock."""

    outcome: Outcome
    reason: str
    script: str = ""


class _UndecidedError(Exception):
    """A replay that can't go on."""


def prove(url: str, crossing: Crossing, models: Sequence[Model]) -> Trial:
    """Replay ``crossing`` in the scratch database ``url``."""
    for chain in (crossing.one, crossing.other):
        reason = refusal(chain)
        if reason is not None:
            return Trial(Outcome.UNKNOWN, f"{chain.name} can't be replayed: {reason}")
    in_the_middle = crossing.other_held.step == crossing.other_wanted.step
    trials: list[Trial] = []
    for first in (1, 0) if in_the_middle else (0, 1):
        trial = _attempt(url, crossing, models, first)
        if trial.outcome is Outcome.PROVED:
            return trial
        trials.append(trial)
    return next((trial for trial in trials if trial.outcome is Outcome.UNKNOWN), trials[0])


def _attempt(url: str, crossing: Crossing, models: Sequence[Model], first: int) -> Trial:
    ready = stage(crossing, models)
    with ThreadPoolExecutor(2) as pool:
        watch = Watch(url)
        sessions: list[Session] = []
        try:
            watch.prepare(ready.setup)
            sessions = [Session(url, pool), Session(url, pool)]
            return _Play(crossing, ready, watch, sessions).run(first)
        except _UndecidedError as ended:
            return Trial(Outcome.UNKNOWN, str(ended))
        except LostConnectionError as error:
            lost = error.__cause__ or error
            return Trial(Outcome.UNKNOWN, f"the replay ended in {first_line(lost)}")
        except QueryAuditError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            return Trial(Outcome.UNKNOWN, f"the replay ended in {first_line(error)}")
        finally:
            watch.end(sessions)


@dataclass(slots=True)
class _Play:
    """Two sessions on a stage, and what was said so far."""

    crossing: Crossing
    stage: Stage
    watch: Watch
    sessions: list[Session]
    lines: list[Line] = field(default_factory=list)

    def run(self, first: int) -> Trial:
        """``first`` goes first: up to its critical statement, and with that one."""
        rows = self.stage.rows()
        order = [first, 1 - first]
        going: list[tuple[int, Future[Answer]]] = []
        for side in order:
            waiting = self._approach(side, rows[side])
            if waiting is not None:
                # They meet before. It waits in peace, unless it holds what the other needs.
                going.append((side, waiting))
        if going:
            order.remove(going[0][0])
        for side in order:
            going.append((side, self._say(side, *self._critical(side, rows[side]))))
            if self._settle(side, going):
                return Trial(Outcome.REFUTED, _THROUGH if len(order) == 2 else _MET)
        return self._judged(going)

    def _approach(self, side: int, rows: Rows) -> Future[Answer] | None:
        """All before the critical statement; what waits there, if something does."""
        chain = self._chain(side)
        self._say(side, "BEGIN", chain.begin).result()
        for number in range(self._end_of(side)):
            step = chain.steps[number]
            going = self._say(side, self.stage.statement(step, rows), step.frame)
            answer = self.watch.settles(self.sessions[side], going)
            if answer is None:
                self.lines[-1] = self.lines[-1]._replace(note="waits")
                return going
            self._check(side, number, answer)
            self._keep_key(step.text, rows, answer)
        return None

    def _say(self, side: int, text: str, frame: Frame) -> Future[Answer]:
        self.lines.append(Line(side, text, _place(frame)))
        return self.sessions[side].begin(text)

    def _chain(self, side: int) -> Chain:
        return (self.crossing.one, self.crossing.other)[side]

    def _end_of(self, side: int) -> int:
        """The number of the critical statement; of all, if it is the commit."""
        return (self.crossing.wanted, self.crossing.other_wanted)[side].step

    def _settle(self, side: int, going: Sequence[tuple[int, Future[Answer]]]) -> bool:
        """Whether it is over: this one went through while the other one waits for its end."""
        answer = self.watch.settles(self.sessions[side], going[-1][1])
        if answer is None:
            self.lines[-1] = self.lines[-1]._replace(note="waits")
            return False
        if not answer.state and self._end_of(side) < len(self._chain(side).steps):
            self._check(side, self._end_of(side), answer)
        return len(going) == 2 and not answer.state and not going[0][1].done()

    def _judged(self, going: Sequence[tuple[int, Future[Answer]]]) -> Trial:
        answers = [future.result() for _, future in going]
        for (side, _), answer in zip(going, answers, strict=True):
            if answer.state == DEADLOCK:
                name = self._chain(side).name
                text = (
                    "replayed in two sessions on a copy of the tables, without triggers: the "
                    "server ended "
                    f"{name} with {DEADLOCK}, deadlock detected"
                )
                found = script(self.stage.setup, self.lines, side)
                return Trial(Outcome.PROVED, text, found)
        failed = next((a for a in answers if a.state), None)
        if failed is not None:
            return Trial(Outcome.UNKNOWN, f"the replay ended in {failed.error}")
        return Trial(Outcome.REFUTED, _THROUGH)

    def _critical(self, side: int, rows: Rows) -> tuple[str, Frame]:
        chain, end = self._chain(side), self._end_of(side)
        if end == len(chain.steps):
            return "COMMIT", chain.begin
        return self.stage.statement(chain.steps[end], rows), chain.steps[end].frame

    def _keep_key(self, text: str, rows: Rows, answer: Answer) -> None:
        """The key of a row that the transaction made, which later statements name."""
        reading = read(text)
        table = reading.target
        column = self.stage.schema.primary(table)
        if column is None or reading.verb is not Verb.INSERT:
            return
        given = rows.made.get(table, {}).get(column.column)
        if given is not None:
            rows.keys[table] = given
        elif answer.rows and "RETURNING" in text:
            rows.keys[table] = f"'{answer.rows[0][0]}'"

    def _check(self, side: int, number: int, answer: Answer) -> None:
        chain = self._chain(side)
        step = chain.steps[number]
        if answer.state:
            self._end(f"the replay of {chain.name} ended in {answer.error} at {_place(step.frame)}")
        if answer.affected == 0 and self._needs_rows(side, number):
            self._end(f"no row could be made that {_place(step.frame)} would find")

    def _needs_rows(self, side: int, number: int) -> bool:
        """Whether the replay says nothing if a statement finds no row.

        So it is with the locks of the crossing, and with what the code locks on purpose, which it
        would not go on without. Any other write may find none, as the transaction itself may have
        deleted or moved the only one; nobody else waits for it, as the crossing says.
        """
        step = self._chain(side).steps[number]
        if not any(_is_of_rows(lock) for lock in step.now):
            return False
        held = (self.crossing.held, self.crossing.other_held)[side]
        needed = (held.step, self._end_of(side))
        return number in needed or read(step.text).row_lock is not None

    def _end(self, reason: str) -> NoReturn:
        raise _UndecidedError(reason)


def _is_of_rows(lock: Lock) -> bool:
    return isinstance(lock.mode, RowLockMode) and not lock.skips


def _place(frame: Frame) -> str:
    name = f" in {frame.function}" if frame.function else ""
    return f"{frame.path}:{frame.line}{name}"
