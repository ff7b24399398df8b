"""Of indexes that stand in for each other one is left, whichever was looked at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from queryaudit.advice.candidates import Candidate, Key
from queryaudit.advice.index_code import index_name
from queryaudit.proof.indexes import Proving
from queryaudit.proof.laboratory import Built, Run
from queryaudit.proof.trial import Compared
from queryaudit.proof.trials import Trial
from queryaudit.proof.trying import Task
from queryaudit.records.advised import Outcome
from queryaudit.records.plans import CatalogIndex, Relation
from queryaudit.records.workload import Asked, Workload

RELATION = Relation("default", "sqlite", "", "t", 90_000, 8192, (), (), ())


def asked(name: str) -> Asked:
    return Asked(
        alias="default",
        fingerprint=name,
        statement=name,
        verb="SELECT",
        tables=("t",),
        calls=1,
        duration_ns=1,
        plan=None,
        sites=(),
    )


FIRST, PAGE = asked("first rows"), asked("a page")
SHORT = Candidate("", "t", "btree", (Key("a"),), 1)
LONG = Candidate("", "t", "btree", (Key("a"), Key("b", "", True)), 1)
S, L = index_name(SHORT), index_name(LONG)
MS = 1_000_000
#: For each statement and the indexes that are there: the one that is used, and how long it takes.
#: With the longer one the first rows are read and sorted, which is slower than with none.
KNOWN: dict[tuple[str, frozenset[str]], tuple[str, int]] = {
    ("first rows", frozenset()): ("", 4 * MS),
    ("first rows", frozenset({S})): (S, MS),
    ("first rows", frozenset({L})): (L, 9 * MS),
    ("first rows", frozenset({S, L})): (L, 9 * MS),
    ("a page", frozenset()): ("", 90 * MS),
    ("a page", frozenset({S})): (S, 20 * MS),
    ("a page", frozenset({L})): (L, MS),
    ("a page", frozenset({S, L})): (L, MS),
}


class Written:
    """A laboratory whose times are written down. Implements ``Laboratory``."""

    def __init__(self) -> None:
        self.shares: Mapping[tuple[str, str], float] = {("", "t"): 1.0}
        self._there: set[str] = set()

    def identity(self, relation: Relation) -> str:
        return relation.name

    def copy(self, relation: Relation, small_table: int) -> str:
        return ""

    def runs(self, statements: Sequence[Asked]) -> Iterator[Run]:
        return (Run(each, each.statement, ()) for each in statements)

    def runs_on(self, table: str, runs: Sequence[Run]) -> list[Run]:
        return [*runs]

    def lacks(self, candidates: Sequence[Candidate]) -> str:
        return ""

    def copied_index(self, relation: Relation, index: CatalogIndex) -> str | None:
        return None

    def build(self, candidate: Candidate) -> Built:
        self._there.add(index_name(candidate))
        return Built(index_name(candidate), 1)

    def drop(self, candidate: Candidate) -> None:
        self._there.discard(index_name(candidate))

    def insert_ns(self, relation: Relation, candidate: Candidate) -> int | None:
        return None

    def compare(self, run: Run, names: Sequence[str]) -> Compared:
        used, after = KNOWN[run.sql, frozenset(self._there)]
        if used not in names:
            return Compared(after, after, 1.0, 1.0, frozenset(), True)
        _, before = KNOWN[run.sql, frozenset(self._there - {*names})]
        return Compared(before, after, before / after, before / after, frozenset({used}), True)


@pytest.mark.parametrize("also", [(), (FIRST,)])
def test_one_that_was_given_up_for_another_is_tried_again_when_that_one_goes(
    also: tuple[Asked, ...],
) -> None:
    """Whether the other one goes as it is left out, or as the rest of the workload is asked."""
    workload = Workload(statements=(FIRST, PAGE))
    task = Task(workload=workload, alias="default", small_table=1)
    short = Trial((SHORT,), RELATION, None, asked=[FIRST, PAGE])
    long = Trial((LONG,), RELATION, None, asked=[PAGE])
    long.also += also
    proving = Proving(Written(), task)
    proving.all([short, long])
    assert (short.outcome, long.outcome) == (Outcome.PROVED, Outcome.REFUTED)
