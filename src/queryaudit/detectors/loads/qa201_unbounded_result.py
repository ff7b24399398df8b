"""QA201: more rows are loaded at once than anybody can look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads import paging
from queryaudit.detectors.loads.reads import Read, ReadFold
from queryaudit.detectors.loads.tables import stays_small, takes_all
from queryaudit.detectors.places import is_handed, severity_at, visible
from queryaudit.records.findings import Fix
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.rules import Severity

#: Methods in which a filter of the admin says what can be chosen.
_CHOICES = (".lookups", ".field_choices")


class UnboundedResult(Detector):
    """A query without a limit is loaded in one go, however many rows there are.

    What it detects
    ---------------
    A queryset, raw queryset or cursor without ``LIMIT`` whose rows are all held in memory at once,
    when they are ``max-rows`` or more. And as a note, however few rows a test has: a request that
    loads a table whole, with no condition or with one that most rows meet (``active=True``).

    Why it matters
    --------------
    Such a page is fast on the day it is written and slower with each row that comes. Time and
    memory grow with the table until a worker is killed for them.

    Example
    -------
    ::

        def orders(request):
            return render(request, "orders.html", {"orders": Order.objects.all()})

    Better
    ------
    ::

        def orders(request):
            page = Paginator(Order.objects.all(), 50).get_page(request.GET.get("page"))
            return render(request, "orders.html", {"orders": page})

    Where all rows are needed, ``iterator(chunk_size=...)`` holds a few of them at a time.

    When it is fine
    ---------------
    Pages, ``iterator()`` and server-side cursors, aggregates, batches of keys, and choices of forms
    and of the admin's filters are silent, as are tables that only name things: few plain columns,
    one of them unique, no reference to another table. The note gives way to any other finding about
    the same line. If a table can't grow for a reason that no schema tells, ignore the rule there.

    Evidence
    --------
    OBSERVED: the rows were counted as they were fetched.

    Options
    -------
    ``max-rows`` (10,000): rows that may be loaded at once.
    """

    code = "QA201"
    name = "unbounded-result"
    summary = "Rows without limit are loaded in one go."
    fold = ReadFold
    yields = True

    def judge(self, fold: ReadFold, view: View) -> Iterable[Sighting]:
        for read in fold.reads(view):
            severity = self._severity(read, view)
            if severity is not None:
                yield from self._sight(read, severity, view)

    def _severity(self, read: Read, view: View) -> Severity | None:
        """None: no finding."""
        statement = read.statement
        if statement.has_limit or statement.binds_list or read.is_eager or not read.held:
            return None
        if read.held >= view.limits.max_rows:
            return self.severity
        if view.scope.kind is not ScopeKind.REQUEST or not is_handed(read.stack.via):
            return None
        if any(frame.function.endswith(_CHOICES) for frame in read.stack.frames[:1]):
            return None
        model = read.model
        if model is None or stays_small(model) or not takes_all(read):
            return None
        return Severity.NOTE

    def _sight(self, read: Read, severity: Severity, view: View) -> Iterable[Sighting]:
        evaluated = read.evaluated(view)
        frame = read.frame(view)
        if frame is None or (severity is Severity.NOTE and frame.kind not in view.own):
            return
        place = (frame.path, frame.function)
        label = read.model.label if read.model is not None else read.statement.shape.table
        yield Sighting(
            rule=self.code,
            group=(self.code, *place, label, read.statement.fingerprint),
            cause=(self.code, *place, label, read.statement.fingerprint),
            severity=severity_at((frame, evaluated), severity, view),
            frame=frame,
            evaluated=evaluated if evaluated != frame else None,
            access=evaluated or frame,
            model=label,
            target=label,
            method="cursor" if read.access is None and read.origin is None else read.stack.via,
            statement=read.statement.normalised,
            queries=read.queries,
            duration_ns=read.duration_ns,
            rows=read.rows,
            note=f"all of {label.rpartition('.')[2]}" if takes_all(read) else "",
            ignored=read.ignored,
            frames=visible((frame, *read.stack.frames)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        rows = sum(s.rows for s in sightings)
        queries = sum(s.queries for s in sightings)
        head = sightings[0]
        name = (head.model or "").rpartition(".")[2] or "a table"
        times = "at once" if queries == 1 else f"in {queries:,} queries"
        if head.note:
            return f"All rows of {name} are loaded, as many as there will be: {rows:,} {times}."
        return f"{rows:,} rows of {name} are loaded {times}, without a limit."

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        return paging.fix(sightings[0])
