"""QA207: a page of rows in no certain order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queryaudit.detectors.base import Detector, Sighting, View
from queryaudit.detectors.loads.order import leaves_ties
from queryaudit.detectors.loads.reads import Read, ReadFold
from queryaudit.detectors.loads.sighting import sight
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.rules import Severity

#: Methods that cut by themselves, and know why.
_OWN_LIMIT = frozenset({"get", "first", "last", "earliest", "latest", "exists", "contains"})
#: What ``get()`` and ``repr()`` ask for.
_PROBE = 21
_PAGES = ("django.core.paginator.", "rest_framework.pagination.", "ninja.pagination.")
_NONE, _TIES, _CHANCE = "no order", "ties in the order", "an order by chance"


class UnorderedPage(Detector):
    """Rows are cut into pages, and no order says which rows stand on which.

    What it detects
    ---------------
    A page (a paginator's, or any slice that skips rows) of a queryset without ``ORDER BY``, in
    requests, commands and tasks alike, and pages in the order of ``order_by("?")``. A queryset that
    counts by ``annotate()`` has no order but its own: ``Meta.ordering`` is left out. As a note: the
    first few rows without order in a request, and pages whose order leaves ties, because it has no
    unique column, in the rows' own table or by the columns of those that they refer to.

    Why it matters
    --------------
    Without a total order the database may give the rows in another order each time, and it does so
    as soon as rows are updated or the plan changes. Rows then stand on two pages, or on none.

    Example
    -------
    ::

        pages = Paginator(Order.objects.filter(status="open"), 50)

    Better
    ------
    ::

        pages = Paginator(Order.objects.filter(status="open").order_by("-placed_at", "pk"), 50)

    When it is fine
    ---------------
    ``get()``, ``first()``, ``exists()``, a slice of one, locked work queues, random samples
    (``order_by("?")[:3]``) and loops that take what is left until nothing is are silent. Where any
    rows will do, ignore the rule and say so.

    Evidence
    --------
    OBSERVED: the statement's own ``ORDER BY``, and the model's unique columns.

    Options
    -------
    None.
    """

    code = "QA207"
    name = "unordered-page"
    summary = "A page is cut from rows that have no certain order."
    fold = ReadFold

    def judge(self, fold: ReadFold, view: View) -> Iterable[Sighting]:
        for read in fold.reads(view):
            found = _fault(read, view)
            if found is None:
                continue
            note, severity = found
            sighting = sight(self.code, read, severity, view, note)
            if sighting is not None:
                yield sighting

    def message(self, sightings: Sequence[Sighting]) -> str:
        name = (sightings[0].model or "").rpartition(".")[2]
        if any(s.note == _CHANCE for s in sightings):
            return f"Pages of {name} are cut in an order that is shuffled anew for each of them."
        if any(s.note == _NONE for s in sightings):
            return f"Rows of {name} are cut off without an order: which ones come is left open."
        return f"Pages of {name} are cut in an order that leaves ties: rows can change pages."

    def saved(self, queries: int, scopes: int) -> int:
        return 0

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        name = (sightings[0].model or "").rpartition(".")[2] or "Model"
        if any(s.note == _CHANCE for s in sightings):
            return Fix(
                title="shuffle once, for all pages",
                applicability=Applicability.DISPLAY_ONLY,
                code="import random\n\n"
                f'keys = list({name}.objects.order_by("pk").values_list("pk", flat=True))\n'
                "random.Random(seed).shuffle(keys)\n"
                "# page over `keys`, then:\n"
                f"rows = {name}.objects.in_bulk(page_keys)",
                note="`seed` is a number that is kept from page to page, as in the session.",
            )
        none = any(s.note == _NONE for s in sightings)
        return Fix(
            title="order by a unique column last",
            applicability=Applicability.DISPLAY_ONLY,
            code=f'{name}.objects.order_by("pk")' if none else '.order_by(..., "pk")',
            note=f'Or once for all: `ordering` in the Meta of {name}, with "pk" at its end.',
        )


def _fault(read: Read, view: View) -> tuple[str, Severity] | None:
    statement, shape = read.statement, read.statement.shape
    if not statement.has_limit or read.model is None or read.most < 2:
        return None
    if statement.limit in (0, 1, _PROBE) or read.is_eager or read.method in _OWN_LIMIT:
        return None
    if shape.is_locking or shape.is_combined:
        return None
    paged = statement.has_offset or read.stack.via.startswith(_PAGES)
    if statement.is_random:
        return (_CHANCE, Severity.WARNING) if paged else None
    if shape.order is None and paged:
        return _NONE, Severity.WARNING
    if shape.is_distinct or shape.grouped is not None:
        return None
    if shape.order is not None:
        return (_TIES, Severity.NOTE) if paged and leaves_ties(read, view) else None
    if any((frame.loop_text or "").startswith("while ") for frame in read.stack.frames):
        return None  # what is left, until nothing is
    # Elsewhere any rows may do: a sample, a batch of what is left to be done.
    shown = view.scope.kind is ScopeKind.REQUEST and read.access is not None
    return (_NONE, Severity.NOTE) if shown else None
