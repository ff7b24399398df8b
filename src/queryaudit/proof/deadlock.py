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
from queryaudit.proof.filling import Rows
from queryaudit.proof.interleaving import DEADLOCK, Answer, Session, Watch
from queryaudit.proof.script import Line, script
from queryaudit.proof.staging import Stage, refusal, stage
from queryaudit.records.advised import Outcome
from queryaudit.records.events import Frame, Model
from queryaudit.sql.locks import RowLockMode
from queryaudit.sql.verbs import Verb

_THROUGH = (
    "replayed in two sessions, the server let both through; triggers and generated columns, if "
    "there are any, took no part"
)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a replay showed. ``script`` repeats it in two sessions, if it was a deadlock."""

    outcome: Outcome
    reason: str
    script: str = ""


class _EndedError(Exception):
    """A replay that can't go on."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        self.trial = Trial(outcome, reason)


def prove(url: str, crossing: Crossing, models: Sequence[Model]) -> Trial:
    """Replay ``crossing`` in the scratch database ``url``."""
    for chain in (crossing.one, crossing.other):
        reason = refusal(chain)
        if reason is not None:
            return Trial(Outcome.UNKNOWN, f"{chain.name} can't be replayed: {reason}")
    in_the_middle = crossing.other_held.step == crossing.other_wanted.step
    trial = Trial(Outcome.UNKNOWN, "nothing was tried")
    for first in (1, 0) if in_the_middle else (0, 1):
        trial = _attempt(url, crossing, models, first)
        if trial.outcome is not Outcome.REFUTED:
            return trial
    return trial


def _attempt(url: str, crossing: Crossing, models: Sequence[Model], first: int) -> Trial:
    ready = stage(crossing, models)
    with ThreadPoolExecutor(2) as pool:
        watch = Watch(url)
        sessions: list[Session] = []
        try:
            watch.prepare(ready.setup)
            sessions = [Session(url, pool), Session(url, pool)]
            return _Play(crossing, ready, watch, sessions).run(first)
        except _EndedError as ended:
            return ended.trial
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
        chains = (self.crossing.one, self.crossing.other)
        ends = (self.crossing.wanted.step, self.crossing.other_wanted.step)
        rows = self.stage.rows()
        for side, chain in enumerate(chains):
            self._say(side, "BEGIN", chain.begin)
            for number in range(ends[side]):
                self._pass(side, chain, number, rows[side])
        going: list[Future[Answer]] = []
        order = (first, 1 - first)
        for side in order:
            text, frame = self._critical(side, chains[side], ends[side], rows[side])
            self.lines.append(Line(side, text, _place(frame)))
            going.append(self.sessions[side].begin(text))
            self._settle(side, chains[side], ends[side], going)
        answers = [future.result() for future in going]
        return self._judged(order, answers)

    def _settle(self, side: int, chain: Chain, end: int, going: list[Future[Answer]]) -> None:
        answer = self.watch.settles(self.sessions[side], going[-1])
        if answer is None:
            self.lines[-1] = self.lines[-1]._replace(note="waits")
            return
        if not answer.state and end < len(chain.steps):
            self._check(chain, end, answer)
        if len(going) == 2 and not answer.state and not going[0].done():
            # The other one waits still, for no more than this one's end.
            self._end(Outcome.REFUTED, _THROUGH)

    def _judged(self, order: tuple[int, int], answers: Sequence[Answer]) -> Trial:
        for side, answer in zip(order, answers, strict=True):
            if answer.state == DEADLOCK:
                name = (self.crossing.one, self.crossing.other)[side].name
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

    def _critical(self, side: int, chain: Chain, end: int, rows: Rows) -> tuple[str, Frame]:
        if end == len(chain.steps):
            return "COMMIT", chain.begin
        return self.stage.statement(chain.steps[end], rows), chain.steps[end].frame

    def _pass(self, side: int, chain: Chain, number: int, rows: Rows) -> None:
        """A statement before the critical one: it must go through."""
        step = chain.steps[number]
        text = self.stage.statement(step, rows)
        answer = self._say(side, text, step.frame)
        self._check(chain, number, answer)
        self._keep_key(step.text, rows, answer)

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

    def _say(self, side: int, text: str, frame: Frame) -> Answer:
        self.lines.append(Line(side, text, _place(frame)))
        answer = self.watch.settles(self.sessions[side], self.sessions[side].begin(text))
        if answer is None:
            self._end(Outcome.REFUTED, "they meet before, where one waits and holds nobody up")
        return answer

    def _check(self, chain: Chain, number: int, answer: Answer) -> None:
        step = chain.steps[number]
        if answer.state:
            self._end(
                Outcome.UNKNOWN,
                f"the replay of {chain.name} ended in {answer.error} at {_place(step.frame)}",
            )
        if answer.affected == 0 and any(_is_of_rows(lock) for lock in step.now):
            self._end(Outcome.UNKNOWN, f"no row could be made that {_place(step.frame)} would find")

    def _end(self, outcome: Outcome, reason: str) -> NoReturn:
        raise _EndedError(outcome, reason)


def _is_of_rows(lock: Lock) -> bool:
    return isinstance(lock.mode, RowLockMode) and not lock.skips


def _place(frame: Frame) -> str:
    name = f" in {frame.function}" if frame.function else ""
    return f"{frame.path}:{frame.line}{name}"
