"""Loops of which each round commits by itself: part of what is said of a loop that writes, or all
that can be said of one whose rounds need each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.transactions.tolerance import is_tolerant
from queryaudit.detectors.writes.calls import Ran
from queryaudit.records.definitions import Frame

#: The rule's code.
COMMITS = "QA606"
#: Fewer cost nothing that anybody would notice.
_FEW = 3
#: What should not be done while a transaction is open, or is meant to be seen at once.
_OUTSIDE = re.compile(
    r"\b(requests|httpx|aiohttp|urlopen|boto3|subprocess|sleep|send_mail|send|delay|apply_async"
    r"|publish|commit|set_autocommit|on_commit)\b"
)


def commit_sightings(
    sighting: Sighting, written: Ran, loop: Frame, view: View, *, alone: bool
) -> Iterator[Sighting]:
    """The loop's sighting as one of its commits; ``alone``: there is no other finding of it."""
    if written.commits < max(_FEW, view.threshold) or written.commits < written.done:
        return
    frames = written.frames[: written.frames.index(loop) + 1] if loop in written.frames else ()
    if not frames or is_tolerant(frames, loop, view):
        return
    if any(_OUTSIDE.search(line) for line in loop.loop_source):
        return
    yield replace(
        sighting,
        rule=COMMITS,
        cause=(COMMITS, *sighting.group),
        statement=sighting.statement if alone else "COMMIT",
        queries=sighting.queries if alone else 0,
        duration_ns=sighting.duration_ns if alone else 0,
        note="each round commits",
    )
