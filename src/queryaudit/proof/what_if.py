"""Who can say what the planner would do with an index that is not there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from queryaudit.advice.candidates import Candidate
from queryaudit.plans.server import Server
from queryaudit.proof.laboratory import Built
from queryaudit.records.plans import Relation


class WhatIf(Protocol):
    """Indexes that last as long as ``trying`` does."""

    place: str  #: to be said with each estimate
    samples_rows: bool  #: whether tables have rows to take values from

    @property
    def server(self) -> Server: ...

    def trying(self) -> AbstractContextManager[None]:
        """Between its beginning and its end there may be indexes; afterwards there are none."""

    def asking(self) -> AbstractContextManager[None]:
        """Around each question, and whatever is added together: what the server refuses does no
        harm to what comes after it, and leaves none of these indexes."""

    def add(self, candidate: Candidate, relation: Relation) -> Built:
        """Let the planner believe that there is an index; ``Built.name`` is what plans call it.
        Raises RefusedError for one of a kind that it can't suppose."""

    def remove(self, built: Built) -> None: ...
