"""QA511: a savepoint for each round of a loop within one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.places import evaluated_at, looped_at, visible
from queryaudit.detectors.transactions.fold import TransactionFold
from queryaudit.detectors.transactions.holding import Place, places
from queryaudit.detectors.transactions.locking import loop_of
from queryaudit.detectors.transactions.tolerance import is_tolerant
from queryaudit.locking.graph import is_postgres
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import FrameKind
from queryaudit.records.rules import Severity

#: Savepoints of one place in one transaction from which on it is more than a few.
MANY = 10
#: Those that PostgreSQL remembers for each transaction; with more it asks a file, for everybody.
CACHED = 64

_ATOMIC = re.compile(r"\batomic(\(\))?(?=[\s:,)]|$)")


class SavepointStorm(Detector):
    """``atomic()`` in a loop that already runs in a transaction: a savepoint for each round.

    What it detects
    ---------------
    Ten savepoints or more in one transaction, made at one place below a loop, by ``atomic()`` as a
    block or a decorator, where nothing in the round catches an error.

    Why it matters
    --------------
    Each savepoint is two more statements, SAVEPOINT and RELEASE. An error in one of them still ends
    the whole transaction if nobody catches it, so they protect nothing. PostgreSQL keeps 64
    of them at hand; with more, every session that looks at these rows has to look them up in a file
    until the transaction ends.

    Example
    -------
    ::

        with transaction.atomic():
            for line in lines:
                with transaction.atomic():
                    book(line)

    Better
    ------
    ::

        with transaction.atomic():
            for line in lines:
                with transaction.atomic(savepoint=False):
                    book(line)

    When it is fine
    ---------------
    In an import that tolerates bad rows: then each round has a ``try`` around it, and the rule is
    silent, but for a note from 65 savepoints on. Silent too: a loop outside of a transaction, where
    each round commits, savepoints by hand, and what Django does for one call, as
    ``get_or_create()``.

    Evidence
    --------
    OBSERVED: the savepoints of one transaction were counted.

    Options
    -------
    None.
    """

    code = "QA511"
    name = "savepoint-storm"
    severity = Severity.WARNING
    summary = "A savepoint is made in each round of a loop within one transaction."
    fold = TransactionFold

    def judge(self, fold: TransactionFold, view: View) -> Iterable[Sighting]:
        for place in places(fold, view):
            for stack, (count, most) in place.began.savepoints.items():
                if most >= MANY:
                    yield from self._sightings(place, stack, count, most, view)

    def _sightings(
        self, place: Place, stack: int, count: int, most: int, view: View
    ) -> Iterator[Sighting]:
        made = view.tables.stacks[stack]
        frame = evaluated_at(made.frames, view)
        within = _within(made.frames, place)
        loop = loop_of(within, view)
        if loop is None or frame is None or frame.kind not in view.own:
            return
        if not any("atomic" in line for line in _lines(frame)):
            return  # get_or_create() makes its own: that it is called in a loop is told of the call
        severity = self.severity
        if is_tolerant(within, loop, view):
            if most <= CACHED or not _is_postgres(place, view):
                return
            severity = Severity.NOTE
        at = (frame.path, frame.function, loop.path, loop.function)
        yield Sighting(
            rule=self.code,
            group=(self.code, *at),
            cause=(self.code, *at, place.name),
            severity=severity,
            frame=frame,
            evaluated=place.frame,
            access=frame,
            loop=looped_at(loop),
            owner=place.name,
            method=None if severity is self.severity else "tolerant",
            statement="SAVEPOINT",
            queries=2 * count,
            duration_ns=0,
            most=most,
            note=f"a savepoint in each round of `{loop.loop_text}`",
            ignored=place.home[2],
            frames=visible((*made.frames, *place.frames)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        most = max(s.most for s in sightings)
        return f"{most} savepoints in one transaction of {head.owner}: {head.note}."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        most = max(s.most for s in sightings)
        return Evidence(
            grade=Grade.OBSERVED,
            text=f"{most} savepoints were made at this place before one commit; SAVEPOINT and "
            "RELEASE are a statement each",
        )

    def saved(self, queries: int, scopes: int) -> int:
        return queries

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        if head.method == "tolerant":
            return Fix(
                title="write in batches",
                applicability=Applicability.DISPLAY_ONLY,
                code="Model.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)",
                note="Or commit every few dozen rounds: a savepoint costs nothing once its "
                "transaction has ended.",
            )
        return Fix(
            title="leave the outer transaction to undo everything",
            applicability=Applicability.UNSAFE,
            code=_without_savepoint(head.frame),
            note="Nothing catches an error of one round, so all rounds are undone together anyway. "
            "Where somebody further out catches it within the transaction, keep the savepoint.",
        )


def _within(frames: tuple[Frame, ...], place: Place) -> tuple[Frame, ...]:
    """The frames up to the block that began the transaction."""
    home = place.frame
    for index, frame in enumerate(frames):
        if (frame.path, frame.function) == (home.path, home.function):
            # A loop around the block itself has a transaction for each round.
            outside = frame.loop_line is not None and frame.loop_line == home.loop_line
            return frames[: index if outside else index + 1]
    return tuple(f for f in frames if f.kind is not FrameKind.TEST)


def _is_postgres(place: Place, view: View) -> bool:
    return is_postgres(view.vendors.get(place.home[1], ""))


def _without_savepoint(frame: Frame) -> str:
    """The line as it stands, with ``savepoint=False``."""
    for line in _lines(frame):
        changed, count = _ATOMIC.subn("atomic(savepoint=False)", line, count=1)
        if count:
            return changed
        if "atomic(" in line:
            return line.replace("atomic(", "atomic(savepoint=False, ", 1)
    return "with transaction.atomic(savepoint=False):"


def _lines(frame: Frame) -> Iterator[str]:
    if frame.snippet_line is None:
        return
    first = max(0, frame.line - frame.snippet_line)
    last = max(first, (frame.end_line or frame.line) - frame.snippet_line)
    for line in frame.snippet[first : last + 1]:
        yield line.strip()
