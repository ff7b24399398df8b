"""QA508: a query waited for a lock, and who held it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.detectors.transactions.waiting import Waited, WaitFold, WaitKey
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.rules import Severity

#: From how long on a wait is a warning: then PostgreSQL looks for a deadlock, and can log it.
LONG_NS = 1_000_000_000


class LockWait(TransactionRule):
    """A query was seen waiting for a lock that another session held.

    What it detects
    ---------------
    With ``watch-locks``, on PostgreSQL: queries of the audited code that the server names as
    waiting, ten times a second, and whom they wait for. Where the holder belongs to the same
    process, the finding names the block in which its transaction began, and the line it was busy
    with.

    Why it matters
    --------------
    Whoever waits does nothing and keeps a connection, a worker and its own locks. Those who
    wait for these wait as well.

    Example
    -------
    ::

        with transaction.atomic():
            book = Book.objects.select_for_update().get(pk=pk)
            requests.post(GATEWAY, json={"book": book.pk})

    Better
    ------
    ::

        answer = requests.post(GATEWAY, json={"book": pk})
        with transaction.atomic():
            book = Book.objects.select_for_update().get(pk=pk)

    When it is fine
    ---------------
    Short waits for a lock that has to be there are what locks are for: below a second it is a
    note. Silent: queries that tests run themselves, waits shorter than a tenth of a second that
    happen between two looks, other databases than PostgreSQL.

    Evidence
    --------
    OBSERVED: the server named both sessions.

    Options
    -------
    ``watch-locks`` (off): look at all.
    """

    code = "QA508"
    name = "lock-wait"
    severity = Severity.WARNING
    summary = "A query waited for a lock that another session held."
    fold = WaitFold

    def judge(self, fold: WaitFold, view: View) -> Iterable[Sighting]:
        for key, waited in fold.waits.items():
            ran, began, stack, _, _ = key
            frames = view.tables.stacks[ran[1]].frames
            frame = evaluated_at(frames, view)
            if frame is None or frame.kind not in view.own:
                continue
            begin = _frame(began, view)
            now = _frame(stack, view)
            yield self._sighting(key, waited, frame, frames, begin, now, view)

    def _sighting(
        self,
        key: WaitKey,
        waited: Waited,
        frame: Frame,
        frames: tuple[Frame, ...],
        begin: Frame | None,
        now: Frame | None,
        view: View,
    ) -> Sighting:
        (ran, _, _, foreign, ignored) = key
        statement = view.statements.of(view.tables.sql[ran[0]].text)
        holder = begin or now
        name = "another process" if foreign or holder is None else _name(holder)
        place = (frame.path, frame.function)
        return Sighting(
            rule=self.code,
            group=(self.code, *place, holder.path if holder else "", name),
            cause=(self.code, *place, statement.fingerprint, name, now.function if now else ""),
            severity=self.severity if waited.most_ns >= LONG_NS else Severity.NOTE,
            frame=frame,
            evaluated=holder,
            access=frame,
            owner=_name(frame),
            target=name,
            method=f"{now.path}:{now.line}" if now is not None else None,
            statement=statement.normalised,
            queries=waited.queries,
            duration_ns=waited.duration_ns,
            rows=waited.looks,
            note=f"waits for {name}",
            ignored=ignored,
            frames=visible((*frames, holder)),
            evidence=Evidence(grade=Grade.OBSERVED, text=_tree(frame, begin, now, waited, name)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        took = sum(s.duration_ns for s in sightings) / 1e9
        return f"{head.owner} waited {took:.1f} s for a lock that {head.target} held."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return max(sightings, key=lambda s: (s.duration_ns, s.cause)).evidence

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        if head.target == "another process":
            return Fix(
                title="look who it is",
                applicability=Applicability.DISPLAY_ONLY,
                code="manage.py queryaudit locks --watch",
            )
        at = f" What it did at {head.method} can go before or after it." if head.method else ""
        return Fix(
            title=f"shorten the transaction of {head.target}",
            applicability=Applicability.DISPLAY_ONLY,
            code="with transaction.atomic():\n    ...  # the lock, the write, and nothing else",
            note=f"The lock is held until its block ends.{at} Who would rather not wait asks by "
            "select_for_update(nowait=True) or skip_locked=True.",
        )


def _frame(stack: int | None, view: View) -> Frame | None:
    if stack is None or stack not in view.tables.stacks:
        return None
    return evaluated_at(view.tables.stacks[stack].frames, view)


def _name(frame: Frame) -> str:
    return frame.function or frame.path


def _tree(frame: Frame, begin: Frame | None, now: Frame | None, waited: Waited, name: str) -> str:
    """Who waits for whom, the holder first."""
    lines = [f"{name} held the lock" + (f", since {_at(begin)}" if begin is not None else "")]
    if now is not None:
        lines.append(f"  was at {_at(now)}")
    lines.append(
        f"  kept waiting: {_name(frame)} at {_at(frame)}, for {waited.most_ns / 1e9:.1f} s "
        f"({waited.lock})"
    )
    return "\n".join(lines)


def _at(frame: Frame) -> str:
    return f"{frame.path}:{frame.line}"
