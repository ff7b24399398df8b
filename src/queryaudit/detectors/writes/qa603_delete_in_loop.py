"""QA603: rows are deleted one by one."""

from __future__ import annotations

from queryaudit.detectors.writes.calls import Call, Ran
from queryaudit.detectors.writes.rule import LoopRule
from queryaudit.sql.verbs import Verb


class DeleteInLoop(LoopRule):
    """The rows that a loop goes over are deleted one at a time.

    What it detects
    ---------------
    ``delete()`` of one row after the other, or of what belongs to one value after the other, by one
    call in a loop of the project. What a deletion takes along belongs to it.

    Why it matters
    --------------
    Each deletion asks every table that refers to the row. ``QuerySet.delete()`` asks each of them
    once for all rows, and deletes in batches.

    Example
    -------
    ::

        for order in Order.objects.filter(status="cancelled"):
            order.delete()

    Better
    ------
    ::

        Order.objects.filter(status="cancelled").delete()

    When it is fine
    ---------------
    Batches of keys, loops over constants or over models, and a cascade that goes down a tree level
    by level: all are silent.
    ``QuerySet.delete()`` sends the signals, but calls no overridden ``delete()``. The finding names
    it.

    Evidence
    --------
    OBSERVED: same statement, same call path, different rows.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows that are needed.
    """

    code = "QA603"
    name = "delete-in-loop"
    summary = "Rows are deleted one by one in a loop."
    order = 20

    def claims(self, call: Call, written: Ran) -> bool:
        return written.statement.verb is Verb.DELETE
