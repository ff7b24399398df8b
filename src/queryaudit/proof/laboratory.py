"""A session in which indexes are tried: copies of tables, and statements with values for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from queryaudit.advice.candidates import Candidate
from queryaudit.proof.trial import Compared
from queryaudit.records.plans import CatalogIndex, Relation
from queryaudit.records.workload import Asked

#: Statements that an index is tried with: those that are asked most.
_STATEMENTS = 30


class Built(NamedTuple):
    """An index on a copy."""

    name: str
    bytes: int


class Run(NamedTuple):
    """A statement with one set of values."""

    asked: Asked
    sql: str
    values: tuple[Any, ...]


class Laboratory(Protocol):
    """What was copied and what is known of statements lasts as long as the session."""

    @property
    def shares(self) -> Mapping[tuple[str, str], float]:
        """How much of each table was copied, by schema and name."""

    def identity(self, relation: Relation) -> str:
        """The same for a table as long as it is this one, and of about this size."""

    def copy(self, relation: Relation, small_table: int) -> str:
        """Copy a table, or a sample of it. Why that can't be; empty if it is there."""

    def runs(self, statements: Sequence[Asked]) -> Iterator[Run]:
        """Statements that only read, with values to try them with: those asked most."""

    def runs_on(self, table: str, runs: Sequence[Run]) -> list[Run]:
        """Those that read the copy of a table."""

    def lacks(self, candidates: Sequence[Candidate]) -> str:
        """The extension that an index needs, and that is not there."""

    def copied_index(self, relation: Relation, index: CatalogIndex) -> str | None:
        """What an index of a table is called on its copy."""

    def build(self, candidate: Candidate) -> Built: ...

    def drop(self, candidate: Candidate) -> None: ...

    def insert_ns(self, relation: Relation, candidate: Candidate) -> int | None:
        """What an index that was built adds to inserting a row; None where that is not measured."""

    def compare(self, run: Run, names: Sequence[str]) -> Compared: ...


class Runs:
    """The runs of statements, each found once."""

    def __init__(self, find: Callable[[Asked], Iterator[Run]]) -> None:
        self._find = find
        self._found: dict[str, list[Run]] = {}

    def of(self, statements: Sequence[Asked]) -> Iterator[Run]:
        chosen = sorted(statements, key=lambda asked: (-asked.calls, asked.fingerprint))
        for asked in chosen[:_STATEMENTS]:
            if asked.fingerprint not in self._found:
                self._found[asked.fingerprint] = [*self._find(asked)]
            yield from self._found[asked.fingerprint]

    def forget(self) -> None:
        self._found.clear()
