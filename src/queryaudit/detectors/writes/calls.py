"""The fold of the family: what every call of the project ran, writes and what goes with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from queryaudit.detectors.base import View
from queryaudit.detectors.n_plus_one.rounds import Rounds
from queryaudit.detectors.places import Place, called_at, places_of
from queryaudit.records.definitions import Access, Frame, Model
from queryaudit.records.events import Query
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

#: Distinct values counted up to here; beyond, only "at least".
_DISTINCT = 64

_CACHE = "django.core.cache."
_BULK = frozenset({"bulk_create", "bulk_update"})


class _Tally:
    """One statement at one stack."""

    __slots__ = (
        *("batches", "commits", "done", "duration_ns", "params", "queries", "rows"),
        "transaction",
    )

    def __init__(self) -> None:
        self.queries = 0
        self.duration_ns = 0
        self.done = 0
        self.batches = 0
        self.commits = 0
        self.transaction: int | None = None
        self.params: set[int] = set()
        self.rows: set[int] = set()

    def add(self, query: Query) -> None:
        self.queries += 1
        self.duration_ns += query.duration_ns
        if query.error is not None:
            return
        self.done += 1
        self.batches += query.batch is not None
        self.commits += query.transaction is None or query.transaction != self.transaction
        self.transaction = query.transaction
        if len(self.params) < _DISTINCT:
            self.params.add(query.params)
        if query.row is not None and len(self.rows) < _DISTINCT:
            self.rows.add(query.row)


class CallFold:
    """Tallies by statement, stack, access and ignore."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, int, int | None, int | None], _Tally] = {}

    def add(self, query: Query) -> None:
        key = (query.sql, query.stack, query.access, query.ignored)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.add(query)

    def repeats(self, threshold: int) -> bool:
        """Whether anything ran for so many values."""
        return any(len(tally.params) >= threshold for tally in self._tallies.values())

    def ran(self, view: View) -> list[Ran]:
        """All that ran, in order of first sight. A cache in the database is kept by itself."""
        return [
            Ran(
                statement=view.statements.of(view.tables.sql[sql].text),
                frames=view.tables.stacks[stack].frames,
                via=view.tables.stacks[stack].via,
                access=view.tables.accesses[access] if access is not None else None,
                ignored=ignored,
                queries=tally.queries,
                duration_ns=tally.duration_ns,
                done=tally.done,
                params=len(tally.params),
                rows=len(tally.rows),
                batched=tally.batches > 0,
                commits=tally.commits,
            )
            for (sql, stack, access, ignored), tally in self._tallies.items()
            if not view.tables.stacks[stack].via.startswith(_CACHE)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One statement at one stack, with how often it ran in the scope."""

    statement: Statement
    frames: tuple[Frame, ...]
    via: str  #: the library's function that wrote on behalf of the first frame, if one did
    access: Access | None
    ignored: int | None
    queries: int
    duration_ns: int
    done: int  #: of the queries, those that succeeded
    params: int  #: distinct parameter sets of those that succeeded
    rows: int  #: distinct rows that an UPDATE named by their key
    batched: bool  #: ``executemany``
    commits: int  #: transactions that it ran in, each statement outside of one being its own

    @property
    def method(self) -> str | None:
        return self.access.method if self.access is not None else None

    @property
    def table(self) -> str:
        return self.statement.tables[0] if self.statement.tables else ""

    def writes_row_by_row(self, threshold: int, models: Models) -> bool:
        """Whether it wrote one row, or one value's rows, at a time, and several of them."""
        write = self.statement.write
        if write is None or write.rows != 1 or self.batched or self.params < threshold:
            return False
        if self.method in _BULK and not models.is_link(self.table):
            return False
        by_key = self.statement.verb is Verb.UPDATE and len(self.statement.compared or ()) == 1
        # Else one row is written again and again, as a job's progress.
        return not by_key or self.rows >= threshold


@dataclass(slots=True)
class Call:
    """One call of the project, with all that it ran."""

    frames: tuple[Frame, ...]  #: from the call outwards
    ignored: int | None
    ran: list[Ran] = field(default_factory=list)

    @property
    def places(self) -> tuple[Place, ...]:
        return places_of(self.frames)

    @property
    def queries(self) -> int:
        return sum(one.queries for one in self.ran)

    @property
    def duration_ns(self) -> int:
        return sum(one.duration_ns for one in self.ran)


def calls_of(ran: Iterable[Ran]) -> list[Call]:
    """What ran by the call that ran it; the shortest way to the database first."""
    found: dict[tuple[object, ...], Call] = {}
    for one in ran:
        frames = called_at(one.frames)
        key = (places_of(frames), one.ignored)
        call = found.get(key)
        if call is None:
            call = found[key] = Call(frames, one.ignored)
        call.ran.append(one)
    return sorted(found.values(), key=lambda call: len(call.frames))


def rounds_of(ran: Iterable[Ran], view: View) -> Rounds:
    return Rounds([(one.frames, one.queries) for one in ran], view.tables.models)


class Models:
    """The trace's models by their tables."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._by_label = {model.label: model for model in models}
        self._by_table: dict[str, Model] = {}
        for label in sorted(self._by_label):
            self._by_table.setdefault(self._by_label[label].table, self._by_label[label])

    def of(self, ran: Ran) -> Model | None:
        target = self._by_label.get((ran.access.target or "") if ran.access else "")
        if target is not None and target.table == ran.table:
            return target
        return self._by_table.get(ran.table)

    def label(self, label: str) -> Model | None:
        return self._by_label.get(label)

    def is_link(self, table: str) -> bool:
        """Whether the table holds a many-to-many relation and nothing else."""
        model = self._by_table.get(table)
        if model is None or len(model.columns) != 3:
            return False
        return sum(column.target is not None for column in model.columns) == 2
