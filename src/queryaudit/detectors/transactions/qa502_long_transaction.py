"""QA502: a transaction holds what it locked for long."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch

from queryaudit.advice.function_source import FunctionSource
from queryaudit.detectors.base import Sighting, View
from queryaudit.detectors.places import evaluated_at, function_of, looped_at, visible
from queryaudit.detectors.transactions.fold import Home
from queryaudit.detectors.transactions.holding import held_by
from queryaudit.detectors.transactions.locking import loop_of
from queryaudit.detectors.transactions.rule import TransactionRule
from queryaudit.detectors.transactions.spans import Span, SpanFold, Spans
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Evidence, Fix, Grade
from queryaudit.records.kinds import ScopeKind
from queryaudit.records.rules import Severity

#: Commands and tasks may take as many times as much: nobody waits for their answer.
PATIENCE = 10
#: How many times beyond the threshold a time is no accident of a busy machine.
FAR = 5

_NOTES = {
    "statements": "many statements",
    "python": "Python is busy",
    "idle": "idle in transaction",
}


class LongTransaction(TransactionRule):
    """Rows stay locked while a transaction does a lot of other things.

    What it detects
    ---------------
    A transaction that, from the first row it wrote or locked to its end, ran more statements than
    ``max-transaction-queries``, or held it for longer than ``max-transaction-ms`` with Python
    taking most of that time; and one that only reads and waits as long for the network.

    Why it matters
    --------------
    Everybody who wants one of the rows waits until the commit, whatever the transaction is busy
    with. On PostgreSQL an old transaction also keeps dead rows from being removed, in all tables,
    and an idle one keeps a connection of the pool.

    Example
    -------
    ::

        with transaction.atomic():
            batch = Batch.objects.select_for_update().get(pk=pk)
            for line in lines:
                book(line)

    Better
    ------
    ::

        for start in range(0, len(lines), 100):
            with transaction.atomic():
                batch = Batch.objects.select_for_update().get(pk=pk)
                for line in lines[start : start + 100]:
                    book(line)

    When it is fine
    ---------------
    Where all of it has to be done or nothing, and nobody else wants the rows: in batch jobs. Name
    their files in ``batch-files``. Commands and tasks may take ten times as much. Silent: time
    that the database itself takes, effects that QA501 tells of, and transactions of a test.

    Evidence
    --------
    OBSERVED: statements were counted and times taken. A time alone is a note, and a warning from
    five times the threshold on, so that a busy machine fails no build.

    Options
    -------
    ``max-transaction-queries`` (100), ``max-transaction-ms`` (2,000), ``batch-files``.
    """

    code = "QA502"
    name = "long-transaction"
    severity = Severity.WARNING
    summary = "A transaction holds rows while it does a lot of other things."
    fold = SpanFold

    def judge(self, fold: SpanFold, view: View) -> Iterable[Sighting]:
        for home, spans in fold.spans.items():
            frames = view.tables.stacks[home[0]].frames
            frame = evaluated_at(frames, view)
            if frame is None or frame.kind not in view.own or spans.implicit:
                continue
            if any(fnmatch(frame.path, pattern) for pattern in view.limits.batch_files):
                continue
            for span, kind, severity in _long(spans, view):
                yield self._sighting(home, frame, frames, span, kind, severity, view)

    def _sighting(
        self,
        home: Home,
        frame: Frame,
        frames: tuple[Frame, ...],
        span: Span,
        kind: str,
        severity: Severity,
        view: View,
    ) -> Sighting:
        tables = dict.fromkeys(held.table for held in held_by(span.runs, view))
        loop = _loop(span, frame, view)
        at = (frame.path, frame.function)
        first = span.first or next(iter(span.runs), None)
        text = view.tables.sql[first[0]].text if first is not None else ""
        return Sighting(
            rule=self.code,
            group=(self.code, *at),
            cause=(self.code, *at, kind),
            severity=severity,
            frame=frame,
            access=frame,
            loop=looped_at(loop),
            owner=frame.function or frame.path,
            target=", ".join([*tables][:3]),
            method=kind,
            narrowed=loop is not None and (loop.path, loop.function) != at,
            statement=view.statements.of(text).normalised,
            queries=span.statements,
            duration_ns=span.db_ns,
            most=span.held_statements,
            note=_NOTES[kind],
            ignored=home[2],
            frames=visible(frames),
            evidence=Evidence(grade=Grade.OBSERVED, text=_timeline(span)),
        )

    def message(self, sightings: Sequence[Sighting]) -> str:
        head = sightings[0]
        if head.method == "idle":
            return (
                f"The transaction of {head.owner} stays open while the code waits for something "
                "outside the database."
            )
        how = "while Python is busy" if head.method == "python" else f"for {head.most} statements"
        return f"The transaction of {head.owner} holds rows of {head.target} {how}."

    def evidence(self, sightings: Sequence[Sighting]) -> Evidence | None:
        return sightings[0].evidence

    def advise(self, sightings: Sequence[Sighting]) -> Fix | None:
        head = sightings[0]
        loop = _in_batches(head.loop[2]) if head.loop is not None else None
        if head.method == "statements" and head.loop is not None and head.narrowed:
            return Fix(
                title="commit in batches",
                applicability=Applicability.DISPLAY_ONLY,
                code="",
                note=f"Most of it is done by `{head.loop[2]}`, which this block only calls: if "
                "each few hundred rounds may be done or not by themselves, that is where they get "
                "a block of their own, and this one has to go. Bulk statements shorten it too.",
            )
        if head.method == "statements" and loop is not None:
            return Fix(
                title="commit in batches",
                applicability=Applicability.DISPLAY_ONLY,
                code=loop,
                note="Each batch is done or not by itself: the loop has to be able to go on where "
                "it stopped. Bulk statements shorten it further.",
            )
        return Fix(
            title="open the block later and close it earlier",
            applicability=Applicability.DISPLAY_ONLY,
            code="rows = prepare()  # reads, computes, asks others\n"
            "with transaction.atomic():\n    store(rows)  # locks and writes",
            note="What needs no lock goes before the first statement that takes one.",
        )


def _long(spans: Spans, view: View) -> Iterator[tuple[Span, str, Severity]]:
    limits = view.limits
    patience = PATIENCE if view.scope.kind in (ScopeKind.COMMAND, ScopeKind.TASK) else 1
    most, longest, idle = spans.most, spans.longest, spans.idle
    if most is not None and most.held_statements > limits.max_transaction_queries * patience:
        yield most, "statements", Severity.WARNING
        return
    limit_ns = limits.max_transaction_ms * patience * 1_000_000
    if longest is not None and longest.own_ns > limit_ns:
        if longest.own_ns * 2 > longest.held_ns:  # else it is the database or another service
            yield longest, "python", _severity(longest.own_ns, limit_ns)
    elif idle is not None and idle.effects_ns > limit_ns:
        yield idle, "idle", _severity(idle.effects_ns, limit_ns)


def _severity(took_ns: int, limit_ns: int) -> Severity:
    return Severity.WARNING if took_ns > FAR * limit_ns else Severity.NOTE


def _timeline(span: Span) -> str:
    """From the beginning to the end, in the order of time."""
    total = span.ended_ns - span.began_ns
    if span.first is None:
        return (
            f"open for {_ms(total)}: {_ms(span.db_ns)} in the database, "
            f"{_ms(span.effects_ns)} waiting for others; nothing was locked"
        )
    before = span.first_ns - span.began_ns
    return (
        f"open for {_ms(total)}; the first lock came after {_ms(before)} and was held for "
        f"{_ms(span.held_ns)}: {span.held_statements} statements took {_ms(span.held_db_ns)}, "
        f"calls to the outside {_ms(span.held_effects_ns)}, Python {_ms(span.own_ns)}"
    )


def _ms(ns: int) -> str:
    return f"{ns / 1e9:.1f} s" if ns >= 1_000_000_000 else f"{ns / 1e6:.1f} ms"


def _loop(span: Span, begin: Frame, view: View) -> Frame | None:
    """The loop below the block whose rounds run most of the statements, if they hold more rows.

    To read in batches helps nobody: what is only read goes before the first lock.
    """
    ran = max(span.runs, key=lambda ran: span.runs[ran], default=None)
    if ran is None or span.runs[ran] < 2 or not held_by([ran], view):
        return None
    loop = loop_of(view.tables.stacks[ran[1]].frames, view)
    outside = loop is not None and (loop.path, loop.loop_line) == (begin.path, begin.loop_line)
    return None if outside or loop is None else _outermost(loop, begin, view)


def _outermost(loop: Frame, begin: Frame, view: View) -> Frame:
    """Of loops that nest in one function the one that goes through most, inside of the block."""
    function = function_of(loop, view.tables)
    source = FunctionSource(function.first_line, function.lines) if function is not None else None
    parsed = source.parsed() if source is not None else None
    if function is None or source is None or parsed is None or loop.loop_line is None:
        return loop
    inner = source.lines_at(loop.loop_line, None)[0]
    last = function.first_line + len(function.lines)
    here = begin.path == loop.path and function.first_line <= begin.line < last
    first = source.lines_at(begin.line, None)[0] if here else 0
    for node in ast.walk(parsed[1]):  # the outer ones come first
        if not isinstance(node, ast.For) or not first < node.lineno < inner:
            continue
        if inner <= (node.body[-1].end_lineno or 0):
            text = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}"
            line = node.lineno - 2 + function.first_line
            return loop._replace(loop_line=line, loop_text=text)
    return loop


def _in_batches(header: str) -> str | None:
    """``for row in rows`` with a transaction for each few hundred rounds."""
    try:
        [loop] = ast.parse(f"{header}:\n    pass").body
    except (SyntaxError, ValueError):
        return None
    if not isinstance(loop, ast.For):
        return None
    target, source = ast.unparse(loop.target), ast.unparse(loop.iter)
    setup = "" if isinstance(loop.iter, ast.Name) else f"rows = list({source})\n"
    rows = source if isinstance(loop.iter, ast.Name) else "rows"
    return (
        f"{setup}for start in range(0, len({rows}), 100):\n    with transaction.atomic():\n"
        f"        for {target} in {rows}[start : start + 100]:\n            ..."
    )
