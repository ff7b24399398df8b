"""What the family's rules have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.places import visible
from queryaudit.detectors.transactions.fold import Ran, Runs, TransactionFold
from queryaudit.detectors.transactions.holding import statement_of
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Evidence, Fix, Grade
from queryaudit.records.rules import Severity


class TransactionRule(Detector):
    """A rule whose fix makes others wait less, or keeps values right: it saves no query."""

    fold: ClassVar[type[Any]] = TransactionFold

    def saved(self, queries: int, scopes: int) -> int:
        return 0


class RunRule(TransactionRule, ABC):
    """A rule on what units of work do to each other: facts of all of them make a finding.

    How often it was seen is told by the facts, which are no queries of its own.
    """

    def spotted(
        self,
        group: tuple[str, ...],
        frame: Frame,
        frames: tuple[Frame, ...],
        *,
        statement: str,
        note: str,
        owner: str,
        target: str,
        cause: tuple[str, ...] | None = None,
        severity: Severity | None = None,
        evaluated: Frame | None = None,
        access: Frame | None = None,
        method: str | None = None,
        rows: int = 0,
        fix: Fix | None = None,
    ) -> Sighting:
        """``group`` names the root cause, ``cause`` one of the ways in which it shows."""
        return Sighting(
            rule=self.code,
            group=group,
            cause=cause or group,
            severity=severity or self.severity,
            frame=frame,
            evaluated=evaluated,
            access=access or frame,
            owner=owner,
            target=target,
            method=method,
            statement=statement,
            queries=0,
            duration_ns=0,
            rows=rows,
            note=note,
            fix=fix,
            frames=frames,
        )

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(grade=Grade.OBSERVED, text=self.seen(sightings))

    @abstractmethod
    def seen(self, sightings: Sequence[Sighting]) -> str:
        """What was seen that the claim rests on."""


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
