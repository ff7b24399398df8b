"""QA602: rows are looked up and created one by one."""

from __future__ import annotations

from queryaudit.detectors.writes.calls import Call, Ran
from queryaudit.detectors.writes.judgement import MATCHING
from queryaudit.detectors.writes.rule import LoopRule


class GetOrCreateInLoop(LoopRule):
    """Each round of a loop looks for a row, and creates or updates it.

    What it detects
    ---------------
    ``get_or_create()`` and ``update_or_create()`` run by one call in a loop of the project for
    one row after the other, with the savepoints that they need.

    Why it matters
    --------------
    Up to four statements for each row: SELECT, SAVEPOINT, INSERT, RELEASE. One INSERT that leaves
    alone, or updates, the rows that are there writes hundreds.

    Example
    -------
    ::

        for name in names:
            Tag.objects.get_or_create(name=name)

    Better
    ------
    ::

        Tag.objects.bulk_create(
            [Tag(name=name) for name in names],
            ignore_conflicts=True,
            batch_size=500,
        )
        tags = Tag.objects.in_bulk(names, field_name="name")

    When it is fine
    ---------------
    Loops over constants, which make sure of a few rows when a program starts, a call outside of a
    loop, and a retry of the same row: all are silent.
    Without a unique constraint over the fields that are looked up no statement can tell which rows
    are there; the finding says so.

    Evidence
    --------
    OBSERVED: same statements, same call path, different rows.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows that are needed.
    """

    code = "QA602"
    name = "get-or-create-in-loop"
    summary = "Rows are looked up and created one by one in a loop."
    order = 10

    def claims(self, call: Call, written: Ran) -> bool:
        return written.method in MATCHING
