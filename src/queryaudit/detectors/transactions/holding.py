"""What a transaction holds: rows that it wrote or locked, by what its statements say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from queryaudit.detectors.base import View
from queryaudit.detectors.places import evaluated_at
from queryaudit.detectors.transactions.fold import Began, Home, Ran, TransactionFold
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

WRITES = frozenset({Verb.INSERT, Verb.UPDATE, Verb.DELETE})
#: Written by libraries on their own account.
BOOKKEEPING = frozenset({"django_session", "django_migrations", "django_content_type"})


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of one table."""

    table: str
    written: bool
    ran: Ran

    def __str__(self) -> str:
        return f"{self.table} {'written' if self.written else 'locked'}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where transactions began: the block or function, and what they did."""

    home: Home
    began: Began
    frame: Frame
    frames: tuple[Frame, ...]

    @property
    def name(self) -> str:
        return self.frame.function or self.frame.path


def places(fold: TransactionFold, view: View) -> Iterator[Place]:
    """The beginnings that somebody can change, in the order of first sight."""
    for home, began in fold.began.items():
        frames = view.tables.stacks[home[0]].frames
        frame = evaluated_at(frames, view)
        if frame is not None and frame.kind in view.own:
            yield Place(home, began, frame, frames)


def statement_of(ran: Ran, view: View) -> Statement:
    return view.statements.of(view.tables.sql[ran[0]].text)


def held_by(rans: Iterable[Ran], view: View) -> list[Held]:
    """What a transaction holds after these statements, first what it wrote."""
    found: dict[tuple[str, bool], Held] = {}
    for ran in rans:
        statement = statement_of(ran, view)
        if not statement.tables or statement.tables[0] in BOOKKEEPING:
            continue
        written = statement.verb in WRITES
        if written or statement.lock is not None:
            key = (statement.tables[0], written)
            found.setdefault(key, Held(statement.tables[0], written, ran))
    return sorted(found.values(), key=lambda held: (not held.written, held.table))


def test_between(frames: tuple[Frame, ...], place: Place, view: View) -> bool:
    """Whether a test's own code stands between a transaction and what is done in it.

    A test that runs ``on_commit`` callbacks at once, or answers a call itself, is not the code.
    """
    for frame in frames:
        if frame.path == place.frame.path and frame.function == place.frame.function:
            return False
        if frame.kind is FrameKind.TEST and frame.kind not in view.own:
            return True
    return False
