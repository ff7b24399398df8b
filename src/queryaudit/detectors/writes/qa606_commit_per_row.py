"""QA606: each round of a loop commits by itself."""

from __future__ import annotations

from collections.abc import Sequence

from queryaudit.advice.arguments import code_of
from queryaudit.advice.loops import read_loop
from queryaudit.detectors.base import Sighting
from queryaudit.detectors.writes.calls import Call, Ran
from queryaudit.detectors.writes.rule import LoopRule
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade


class CommitPerRow(LoopRule):
    """A loop writes one row after the other, each in a transaction of its own.

    What it detects
    ---------------
    A loop whose rounds write a row each outside of any transaction, where every statement commits,
    or each in an ``atomic()`` of their own. The transaction that a test case wraps around a test
    does not count. Where the rows could be written in bulk this is part of the finding of QA601,
    QA602 or QA603; where each row needs the one before, it is a finding of its own.

    Why it matters
    --------------
    The database makes each commit durable before it answers: thousands of small waits for the
    disk. And if a round fails, those before it have happened.

    Example
    -------
    ::

        for name in path:
            parent = Category.objects.create(name=name, parent=parent)

    Better
    ------
    ::

        with transaction.atomic():
            for name in path:
                parent = Category.objects.create(name=name, parent=parent)

    When it is fine
    ---------------
    Imports that go on after a bad row, which have a ``try`` in the loop, loops that talk to other
    systems in each round, where a long transaction would hold its locks meanwhile, rows that say
    how far a job is, queues that are worked off, fewer than three rows, and
    ``ATOMIC_REQUESTS``: all are silent.

    Evidence
    --------
    OBSERVED: the transactions that the statement ran in were counted.

    Options
    -------
    None.
    """

    code = "QA606"
    name = "commit-per-row"
    summary = "Each round of a loop commits by itself."
    order = 99

    def claims(self, call: Call, written: Ran) -> bool:
        return False  # see commits.py

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        loop = f" of `{head.loop[2]}`" if head.loop is not None and head.loop[2] else ""
        return f"Each round{loop} in {head.frame.function}() commits by itself."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return Evidence(
            grade=Grade.OBSERVED, text="each time the statement ran it was in another transaction"
        )

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        loop = read_loop(head.loop[2]) if head.loop is not None else None
        header = (
            f"for {loop.target_code} in {code_of(loop.iterable)}:"
            if loop is not None and not loop.is_async
            else "for ... in ...:"
        )
        return Fix(
            title="one transaction around the loop",
            applicability=Applicability.UNSAFE,
            code=f"from django.db import transaction\n\nwith transaction.atomic():\n    {header}\n"
            "        ...",
            note="If a round fails, those before it are undone, and what the loop locks stays "
            "locked to its end.",
        )
