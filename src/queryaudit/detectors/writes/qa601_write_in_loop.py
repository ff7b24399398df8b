"""QA601: rows are created or updated one by one."""

from __future__ import annotations

from queryaudit.detectors.writes.calls import Call, Ran
from queryaudit.detectors.writes.rule import LoopRule
from queryaudit.sql.verbs import Verb


class WriteInLoop(LoopRule):
    """The rows that a loop goes over are written one at a time.

    What it detects
    ---------------
    ``save()``, ``create()``, ``update()``, the ``add()`` of a many-to-many relation and INSERT or
    UPDATE by cursor, run by one call in a loop of the project for one row after the other. The
    loop may be in a caller. What the call does besides belongs to it: savepoints, checks, an
    overridden ``save()``, the receivers of signals.

    Why it matters
    --------------
    A round trip, and outside ``atomic()`` a commit, for each row, where one statement writes
    hundreds.

    Example
    -------
    ::

        for name in names:
            Tag.objects.create(name=name)

    Better
    ------
    ::

        Tag.objects.bulk_create([Tag(name=name) for name in names], batch_size=500)

    When it is fine
    ---------------
    Loops over constants, retries, batches, ``executemany``, a row that is saved again and again to
    say how far a job is, rows that need the key or the number of the one before, queues that are
    worked off, factories and migrations: all are recognised and silent.
    Where signals or an overridden ``save()`` have to run for each row, keep the loop, in one
    ``atomic()`` block. The finding names them.

    Evidence
    --------
    OBSERVED: same statement, same call path, different rows.

    Options
    -------
    ``n-plus-one-threshold`` (2): rows that are needed.
    """

    code = "QA601"
    name = "write-in-loop"
    summary = "Rows are written one by one in a loop."
    order = 90

    def claims(self, call: Call, written: Ran) -> bool:
        return written.statement.verb in (Verb.INSERT, Verb.UPDATE)
