"""The rule of docs/extending.md, as another package would bring it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.records.events import Query
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import FrameKind


class Calls:
    """State of one unit of work: calls and time by statement and stack."""

    def __init__(self) -> None:
        self.totals: dict[tuple[int, int], tuple[int, int]] = {}

    def add(self, query: Query) -> None:
        calls, duration_ns = self.totals.get((query.sql, query.stack), (0, 0))
        self.totals[query.sql, query.stack] = (calls + 1, duration_ns + query.duration_ns)


class RandomOrder(Detector):
    """Rows are put into random order by the database.

    What it detects
    ---------------
    A statement with ``ORDER BY RANDOM()`` or ``RAND()``, as ``order_by("?")`` makes it.

    Why it matters
    --------------
    The database reads and sorts the whole table, even for one row.

    Example
    -------
    ::

        tip = Tip.objects.order_by("?").first()

    Better
    ------
    ::

        tip = Tip.objects.filter(pk__gte=random.randint(1, highest)).order_by("pk").first()

    When it is fine
    ---------------
    A table of some dozen rows.

    Evidence
    --------
    OBSERVED: the statement was run.

    Options
    -------
    None.
    """

    code = "QA990"
    name = "random-order"
    summary = "The database puts rows into random order."
    fold = Calls

    def judge(self, fold: Calls, view: View) -> Iterable[Sighting]:
        for (sql, stack), (calls, duration_ns) in fold.totals.items():
            statement = view.statements.of(view.tables.sql[sql].text)
            text = statement.normalised.upper()
            if "ORDER BY RANDOM()" not in text and "ORDER BY RAND()" not in text:
                continue
            frames = view.tables.stacks[stack].frames
            frame = next((f for f in frames if f.kind in view.own), None)
            if frame is None:
                continue  # nobody here could change it
            yield Sighting(
                rule=self.code,
                # What stays the same when lines move and data grows: no line, no count.
                group=(self.code, frame.path, frame.function, statement.fingerprint),
                cause=(self.code, frame.path, frame.function, statement.fingerprint),
                severity=self.severity,
                frame=frame,
                evaluated=None,
                access=frame,
                loop=None,
                model=None,
                owner=statement.tables[0] if statement.tables else None,
                target=None,
                path=(),
                method=None,
                narrowed=False,
                prefetched=False,
                statement=statement.normalised,
                queries=calls,
                duration_ns=duration_ns,
                frames=tuple(f for f in frames if f.kind is not FrameKind.LIBRARY),
            )

    def message(self, sightings: Sequence[Sighting]) -> str:
        return f"The rows of {sightings[0].owner} are read and sorted at random."

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return Fix(
            title="choose the row by its key",
            applicability=Applicability.DISPLAY_ONLY,
            code='.filter(pk__gte=random.randint(1, highest)).order_by("pk").first()',
        )
