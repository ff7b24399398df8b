"""Random workloads as the capture writes them down, with any number of processes to run them.

A workload is a list of units of work in terms of a small shop's definitions. ``play`` runs it in
as many processes as wanted: each has ids of its own, and its own order of first sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hypothesis import strategies as st

from queryaudit.records.counted import Counted
from queryaudit.records.definitions import (
    Access,
    Frame,
    Ignored,
    Origin,
    SqlText,
    Stack,
    Step,
)
from queryaudit.records.events import (
    Event,
    Fetch,
    Header,
    Hydration,
    Occurrence,
    Query,
    ScopeEnd,
    ScopeStart,
    Usage,
)
from queryaudit.records.kinds import (
    AccessKind,
    FetchKind,
    FrameKind,
    Phase,
    ScopeKind,
)

TEXTS = (
    "SELECT id, title FROM shop_book",
    "SELECT id, title FROM shop_book WHERE stock > 0",
    "SELECT id, name FROM shop_author WHERE id = %s LIMIT 21",
    'SELECT "id", "name" FROM "shop_author" WHERE "id" = %s LIMIT 21',
    "SELECT id, title FROM shop_book WHERE author_id = %s",
    "SELECT COUNT(*) FROM shop_book WHERE author_id = %s",
    "SELECT id FROM shop_book WHERE id IN (%s, %s)",
    "SELECT id FROM shop_book WHERE id > %s ORDER BY id LIMIT 10",
    "SELECT id, name FROM shop_category WHERE parent_id = %s",
    "UPDATE shop_book SET stock = %s WHERE id = %s",
)


def _frame(kind: FrameKind, path: str, line: int, function: str, loop: str | None) -> Frame:
    text = (f"{loop or 'return'}: {function}()",)
    loop_line = line - 1 if loop else None
    return Frame(kind, path, line, line, 4, 30, function, loop_line, loop, line, text)


FRAMES = (
    _frame(FrameKind.PROJECT, "shop/views.py", 12, "book_list", "for book in books"),
    _frame(FrameKind.PROJECT, "shop/views.py", 30, "book_list", "for author in authors"),
    _frame(FrameKind.PROJECT, "shop/views.py", 44, "detail", None),
    _frame(FrameKind.PROJECT, "shop/tree.py", 7, "walk", "for child in children"),
    _frame(FrameKind.TEMPLATE, "shop/list.html", 3, "book.author", "for book in books"),
    _frame(FrameKind.SERIALIZER, "shop/api.py", 9, "BookSerializer.author", None),
    _frame(FrameKind.TEST, "tests/test_shop.py", 5, "test_list", "for n in range(9)"),
    _frame(FrameKind.LIBRARY, "django/db/models/query.py", 80, "get", None),
)
STEPS = (
    Step("author", AccessKind.FORWARD, False),
    Step("profile", AccessKind.REVERSE_ONE, False),
    Step("books", AccessKind.COLLECTION, False),
    Step("tags", AccessKind.MANY, False),
    Step("tags", AccessKind.MANY, True),
    Step("target", AccessKind.GENERIC, False),
    Step("price", AccessKind.DEFERRED, False),
    Step("children", AccessKind.COLLECTION, False),
)


@dataclass(frozen=True)
class Read:
    """A query in terms of definitions, not of ids."""

    text: str
    frames: tuple[Frame, ...]
    repeats: int
    source: tuple[str, str, tuple[Frame, ...], Frame | None] | None  #: model, text, frames, built
    path: tuple[Step, ...]
    method: str | None
    narrowed: bool
    evaluation: int | None
    row: int | None
    params: int
    duration_ns: int
    error: str | None
    ignored: tuple[str, ...] | None


@dataclass(frozen=True)
class Unit:
    """A unit of work, with those inside it."""

    kind: ScopeKind
    name: str
    phase: Phase
    reads: tuple[Read, ...]
    inner: tuple[Unit, ...]
    counted: int
    renamed: str | None


frames = st.lists(st.sampled_from(FRAMES), min_size=1, max_size=3).map(tuple)
#: Few, so that many units of work ask the same thing in ways that differ a little.
SOURCES = (
    ("shop.Book", TEXTS[0], FRAMES[:1], FRAMES[0]),
    ("shop.Book", TEXTS[0], FRAMES[1:3], FRAMES[0]),
    ("shop.Book", TEXTS[1], FRAMES[2:3], None),
    ("shop.Category", TEXTS[0], FRAMES[3:4], None),
)
PATHS = (
    STEPS[:1],
    (STEPS[0], STEPS[1]),
    (STEPS[0], STEPS[2]),
    (STEPS[3],),
    (STEPS[4], STEPS[0]),
    (STEPS[5],),
    (STEPS[6],),
    (STEPS[7],) * 2,
    (STEPS[7],) * 3,
)


@st.composite
def reads(draw: st.DrawFn) -> tuple[Read, ...]:
    """One query, repeated over rows as a loop would."""
    source = draw(st.sampled_from([None, *SOURCES]))
    path = draw(st.sampled_from(PATHS)) if source else ()
    rows = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    like = Read(
        text=draw(st.sampled_from(TEXTS[2:6] if source else TEXTS[2:])),
        frames=draw(frames),
        repeats=draw(st.integers(1, 4)),
        source=source,
        path=path,
        method=draw(st.sampled_from([None, None, None, "count", "create"])),
        narrowed=draw(st.sampled_from([False, False, True])),
        evaluation=draw(st.integers(1, 2)) if source else None,
        row=None,
        params=0,
        duration_ns=draw(st.integers(1, 10**9)),
        error=draw(st.sampled_from([None, None, None, "OperationalError"])),
        ignored=draw(st.sampled_from([None, None, (), ("QA101",), ("QA1", "QA901")])),
    )
    return tuple(
        Read(**{**_values(like), "row": row if source else None, "params": row}) for row in rows
    )


def _values(read: Read) -> dict[str, object]:
    return {name: getattr(read, name) for name in Read.__dataclass_fields__}


def units(depth: int = 1) -> st.SearchStrategy[Unit]:
    inner = st.lists(units(depth - 1), max_size=2).map(tuple) if depth else st.just(())
    return st.builds(
        Unit,
        kind=st.sampled_from(ScopeKind),
        name=st.sampled_from(["GET /", "GET /books/", "tests/test_shop.py::test_list", "report"]),
        phase=st.sampled_from([Phase.CALL, Phase.CALL, Phase.CALL, Phase.SETUP]),
        reads=st.lists(reads(), max_size=6).map(lambda found: sum(found, ())),
        inner=inner,
        counted=st.integers(0, 3),
        renamed=st.sampled_from([None, None, "GET /<slug>/"]),
    )


workloads = st.lists(units(), min_size=1, max_size=5)


class Sink(Protocol):
    """What a recorder feeds."""

    def define(self, event: Event) -> None: ...
    def start(self, event: ScopeStart) -> None: ...
    def record(self, occurrences: Sequence[Occurrence]) -> None: ...
    def end(self, event: ScopeEnd) -> None: ...


class Process:
    """Plays units of work into a sink, with ids of its own."""

    def __init__(self, sink: Sink, first_id: int) -> None:
        self._sink = sink
        self._next = first_id
        self._ids: dict[object, int] = {}
        self._seq = 0

    def play(self, unit: Unit, parent: int | None = None) -> None:
        scope = self._new()
        self._sink.start(ScopeStart(scope, parent, unit.kind, unit.name, unit.phase))
        middle = len(unit.reads) // 2
        self._read(scope, unit.reads[:middle])
        for inner in unit.inner:
            self.play(inner, scope)
        self._read(scope, unit.reads[middle:])
        duration = sum(read.duration_ns for read in unit.reads)
        self._sink.end(ScopeEnd(scope, duration, 0, unit.counted, unit.renamed))

    def _read(self, scope: int, reads: Sequence[Read]) -> None:
        happened: list[Occurrence] = []
        for read in reads:
            query = self._query(scope, read)
            happened.append(query)
            if query.error is None and query.params % 2:
                happened += self._fetched(query)
                happened += self._used(query, read)
        self._sink.record(happened)

    def _used(self, query: Query, read: Read) -> tuple[Occurrence, ...]:
        if query.access is None or read.source is None:
            return ()
        origin = self._ids["origin", read.source]
        columns = ("title",) if query.params % 3 else ()
        first = Usage(query.scope, origin, (), 1, None, columns, (), 3, False)
        return first, first._replace(path=read.path, columns=(), relations=columns)

    def _fetched(self, query: Query) -> tuple[Occurrence, ...]:
        same = (query.scope, query.seq, query.sql, query.stack, query.access, query.ignored)
        rows = 2 + query.params % 40_000
        asked = Counted(query.scope, *same[2:], rows, used=query.params % 3 == 0)
        return (
            Fetch(*same, query.alias, rows, FetchKind.ORM, True),
            Hydration(*same, rows, rows * 10, rows - query.params % 3 or None),
            asked,
        )

    def _query(self, scope: int, read: Read) -> Query:
        self._seq += 1
        return Query(
            scope=scope,
            seq=self._seq,
            start_ns=self._seq * 10,
            duration_ns=read.duration_ns,
            alias="default",
            sql=self._text(read.text),
            stack=self._stack(read.frames, read.repeats),
            access=self._access(read),
            evaluation=read.evaluation,
            row=read.row,
            params=read.params,
            batch=None,
            error=read.error,
            ignored=self._ignore(read.ignored),
        )

    def _new(self) -> int:
        self._next += 1
        return self._next

    def _define(self, key: object, event: Event) -> int:
        id = self._ids.get(key)
        if id is None:
            id = self._ids[key] = self._new()
            self._sink.define(event._replace(id=id))  # type: ignore[union-attr, call-arg]
        return id

    def _text(self, text: str) -> int:
        return self._define(("text", text), SqlText(0, text))

    def _stack(self, frames: tuple[Frame, ...], repeats: int) -> int:
        return self._define(("stack", frames, repeats), Stack(0, frames, repeats))

    def _ignore(self, codes: tuple[str, ...] | None) -> int | None:
        if codes is None:
            return None
        return self._define(
            ("ignore", codes), Ignored(0, None, codes, "known", "shop/views.py", 11 + len(codes))
        )

    def _access(self, read: Read) -> int | None:
        if read.source is None:
            return None
        model, text, frames, built = read.source
        origin = Origin(0, model, self._text(text), self._stack(frames, 1), built)
        id = self._define(("origin", read.source), origin)
        key = ("access", id, read.path, read.method, read.narrowed)
        return self._define(
            key, Access(0, id, model, read.path, read.method, read.narrowed, False, "shop.Author")
        )


def header(number: int) -> Header:
    databases = (("default", "postgresql"),)
    return Header(1, "run", f"process-{number}", "0.1.0", "3.12", "6.1", databases)


def trace_name(folder: Path, number: int) -> Path:
    return folder / f"{number}.qatrace"
