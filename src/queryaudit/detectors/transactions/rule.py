"""What the family's rules have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.places import visible
from queryaudit.detectors.transactions.fold import Ran, Runs, TransactionFold
from queryaudit.detectors.transactions.holding import statement_of
from queryaudit.records.events import Frame


class TransactionRule(Detector):
    """A rule whose fix makes others wait less, or keeps values right: it saves no query."""

    fold: ClassVar[type[Any]] = TransactionFold

    def saved(self, queries: int, scopes: int) -> int:
        return 0


class WrittenRule(TransactionRule):
    """A rule on one write, whichever transaction it ran in."""

    def sighting(
        self,
        words: tuple[str, ...],
        ran: Ran,
        runs: Runs,
        frame: Frame,
        frames: tuple[Frame, ...],
        view: View,
        *,
        model: str | None,
        target: str,
        note: str,
        owner: str | None = None,
        change: str | None = None,
    ) -> Sighting:
        """``words`` name the root cause, ``change`` the way it shows."""
        group = (self.code, *words, frame.path, frame.function)
        return Sighting(
            rule=self.code,
            group=group,
            cause=group if change is None else (*group, change),
            severity=self.severity,
            frame=frame,
            access=frame,
            model=model,
            owner=owner,
            target=target,
            method=change,
            statement=statement_of(ran, view).normalised,
            queries=runs.queries,
            duration_ns=runs.duration_ns,
            note=note,
            ignored=runs.ignored,
            frames=visible(frames),
        )
