"""QA514: one row that every unit of work writes, long before it commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, visible
from queryaudit.detectors.transactions.constant_rows import is_constant_row
from queryaudit.detectors.transactions.moving import after_commit, call_text
from queryaudit.detectors.transactions.rule import RunRule
from queryaudit.detectors.transactions.spans import Counted, SpanFold
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.rules import Severity

#: Requests, tasks or messages with one parent, all of them different and on the same row.
UNITS = 3

_SERVING = frozenset({ScopeKind.REQUEST, ScopeKind.TASK, ScopeKind.MESSAGE})


class Hot(NamedTuple):
    """Transactions of one unit of work that added to one row, and went on."""

    frame: Frame
    frames: tuple[Frame, ...]
    place: str
    table: str
    statement: str
    fingerprint: str
    serving: bool
    constant: bool
    parent: tuple[str, int | None]  #: within which a digest tells rows apart
    row: int | None
    others: frozenset[int]
    after: int
    queries: int


class HotRowUpdate(RunRule):
    """A counter that all units of work add to, in a transaction that then goes on.

    What it detects
    ---------------
    ``update(n=F("n") + 1)`` of one row, with more statements before the commit, where the row is
    the same each time: the source or the SQL names it by a constant, or three requests, tasks
    or messages of one test or server that wrote different things otherwise, on a route without
    parameters, wrote to one row.

    Why it matters
    --------------
    The row stays locked until the commit, so that all who count wait for each other: they run
    one by one, and each holds up the next for as long as its transaction goes on.

    Example
    -------
    ::

        with transaction.atomic():
            Counter.objects.filter(name="orders").update(value=F("value") + 1)
            order = Order.objects.create(customer=customer)
            order.lines.create(book=book)

    Better
    ------
    ::

        with transaction.atomic():
            order = Order.objects.create(customer=customer)
            order.lines.create(book=book)
            Counter.objects.filter(name="orders").update(value=F("value") + 1)

    When it is fine
    ---------------
    Where the number must have no gaps, as those of invoices, or the code runs rarely. Silent: the
    last statement of its transaction, rows that differ, values that are set and not counted,
    commands, code that one test or server was seen to run for several rows, and functions that
    a test calls, however often, for the row that it has made. That two tests write to a row with
    the same key says nothing and is not counted.

    Evidence
    --------
    OBSERVED: the statement and those after it were seen; the row is named by a constant, or was
    seen to be the same.

    Options
    -------
    None.
    """

    code = "QA514"
    name = "hot-row-update"
    severity = Severity.WARNING
    summary = "One row that every unit of work writes is locked long before the commit."
    fold = SpanFold

    def facts(self, fold: SpanFold, view: View) -> Iterable[Hot]:
        if view.scope.kind is ScopeKind.COMMAND:
            return
        for home, spans in fold.spans.items():
            begun = view.tables.stacks[home[0]].frames
            begin = evaluated_at(begun, view)
            if begin is None or begin.kind not in view.own or spans.implicit:
                continue
            for (sql, stack), counted in spans.counted.items():
                frames = view.tables.stacks[stack].frames
                frame = evaluated_at(frames, view)
                if counted.after and frame is not None and frame.kind in view.own:
                    shown = visible((frame, *frames, *begun))
                    yield from _hot(frame, shown, begin.function, sql, counted, view)

    def conclude(self, facts: Sequence[Hot]) -> Iterable[tuple[Sighting, Sequence[Hot]]]:
        by_place: dict[tuple[str, str, str], list[Hot]] = defaultdict(list)
        for fact in facts:
            by_place[fact.fingerprint, fact.frame.path, fact.frame.function].append(fact)
        for key in sorted(by_place):
            behind = by_place[key]
            if any(fact.constant for fact in behind):
                yield self._sighting(key, behind, "named by a constant"), behind
                continue
            units = _by_parent(behind)
            if all(_is_one_row(same) for same in units) and any(_are_many(s) for s in units):
                yield self._sighting(key, behind, "seen to be the same"), behind

    def _sighting(self, key: tuple[str, str, str], behind: Sequence[Hot], how: str) -> Sighting:
        head = min(behind, key=lambda fact: (fact.frame.line, fact.place, fact.statement))
        return self.spotted(
            (self.code, *key),
            head.frame,
            head.frames,
            statement=head.statement,
            note=f"a row of {head.table}, {how}",
            owner=head.place,
            target=head.table,
            method=how,
            rows=max(fact.after for fact in behind),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return (
            f"{head.owner} adds to one row of {head.target}, the same each time, and keeps it "
            f"locked for {_statements(head.rows)} more."
        )

    def seen(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        return (
            f"{_statements(head.rows)} ran between the update and the commit; the row is "
            f"{head.method}"
        )

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        text = call_text(sightings[0].frame)
        text = text if text is not None and "update(" in text else None
        return Fix(
            title="write it last",
            applicability=Applicability.UNSAFE if text else Applicability.DISPLAY_ONLY,
            code=after_commit(text) if text else "",
            note="After the commit it is locked for a moment, and not counted if the process dies "
            "in between; as the last statement of the block it is counted for certain. If many "
            "still wait, spread the counter over several rows and add them up to read it.",
        )


def _hot(
    frame: Frame, frames: tuple[Frame, ...], place: str, sql: int, counted: Counted, view: View
) -> Iterable[Hot]:
    text = view.tables.sql[sql].text
    statement = view.statements.of(text)
    scope = view.scope
    serving = scope.kind in _SERVING
    parent = scope.parent if serving else scope.id
    process = view.tables.header.process if view.tables.header is not None else ""
    constant = is_constant_row(frame, text, view)
    for row, others in counted.rows.items():
        yield Hot(
            frame=frame,
            frames=frames,
            place=place,
            table=statement.tables[0],
            statement=statement.normalised,
            fingerprint=statement.fingerprint,
            serving=serving and "<" not in scope.name and "(" not in scope.name,
            constant=constant,
            parent=("", None) if constant else (process, parent),
            row=None if constant else row,
            others=frozenset() if constant else frozenset(others),
            after=counted.after,
            queries=counted.queries,
        )


def _by_parent(behind: Sequence[Hot]) -> list[list[Hot]]:
    found: dict[tuple[str, int | None], list[Hot]] = defaultdict(list)
    for fact in behind:
        found[fact.parent].append(fact)
    return [*found.values()]


def _is_one_row(facts: Sequence[Hot]) -> bool:
    """One that writes to several rows shows that the code does not always mean the same."""
    return len({fact.row for fact in facts}) == 1 and facts[0].row is not None


def _are_many(facts: Sequence[Hot]) -> bool:
    """Whether different units of work were seen to write to the row."""
    return len(frozenset[int]().union(*(f.others for f in facts if f.serving))) >= UNITS


def _statements(number: int) -> str:
    return f"{number} {'statement' if number == 1 else 'statements'}"
