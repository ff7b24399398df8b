"""The base of folds that compare what is asked with what was asked before: which answers stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import Enum

from queryaudit.detectors.base import View
from queryaudit.records.definitions import Model
from queryaudit.records.events import Query, ScopeStart
from queryaudit.sql.statement import Statement
from queryaudit.sql.verbs import Verb

_WRITES = frozenset({Verb.INSERT, Verb.UPDATE})
_HARMLESS = frozenset({Verb.SAVEPOINT, Verb.RELEASE, Verb.BEGIN, Verb.COMMIT, Verb.EXPLAIN})
#: Kept by Django itself, or asked by it on purpose.
_MACHINERY = frozenset(
    {"django_session", "django_content_type", "django_migrations", "django_site"}
)


class Kind(Enum):
    """What a statement means for the answers before it."""

    READ = 1
    WRITE = 2  #: of the tables that it names
    BARRIER = 3  #: nothing that was known holds
    NOTHING = 4


class Fact:
    """What there is to know of a statement."""

    __slots__ = ("closed", "kind", "statement", "tables")

    def __init__(self, statement: Statement, known: frozenset[str]) -> None:
        self.kind = _kind(statement)
        self.statement = statement
        self.tables = statement.tables
        #: All its tables are models': a view may show what is written elsewhere.
        self.closed = known.issuperset(statement.tables)


class StandingFold(ABC):
    """Calls ``read`` for each question; ``holds`` says whether an answer from then still stands."""

    def __init__(self) -> None:
        self.clock = 0
        self._barrier = 0
        self._anything = 0
        self._written: dict[str, int] = {}
        self._facts: dict[int, Fact] = {}

    def begin(self, view: View) -> None:
        self.view = view
        self._known: frozenset[str] | None = None

    def add(self, query: Query) -> None:
        fact = self._facts.get(query.sql)
        if fact is None:
            fact = self._facts[query.sql] = self._look(query.sql)
        self.clock += 1
        if fact.kind is Kind.READ:
            if query.error is None:
                self.read(query, fact)
        elif fact.kind is Kind.WRITE:
            self.written(fact)
        elif fact.kind is Kind.BARRIER:
            self._barrier = self.clock

    @abstractmethod
    def read(self, query: Query, fact: Fact) -> None:
        """A SELECT that ran; ``clock`` is its time."""

    def written(self, fact: Fact) -> None:
        """The statement's tables are others now."""
        self._anything = self.clock
        for table in fact.tables:
            self._written[table] = self.clock

    def holds(self, since: int, fact: Fact) -> bool:
        if self._barrier > since or (self._anything > since and not fact.closed):
            return False
        return all(self._written.get(table, 0) < since for table in fact.tables)

    def inner(self, scope: ScopeStart) -> None:
        """A request in a test, say: what it writes is not seen here."""
        self.clock += 1
        self._barrier = self.clock

    def _look(self, sql: int) -> Fact:
        tables = self.view.tables
        if self._known is None:
            self._known = tables.of_models(_tables)
        return Fact(self.view.statements.of(tables.sql[sql].text), self._known)


def _tables(models: Iterable[Model]) -> frozenset[str]:
    return frozenset(model.table for model in models)


def _kind(statement: Statement) -> Kind:
    shape = statement.shape
    if statement.verb in _WRITES:
        return Kind.WRITE
    if statement.verb is not Verb.SELECT:
        return Kind.NOTHING if statement.verb in _HARMLESS else Kind.BARRIER
    if shape.is_writing:
        return Kind.BARRIER
    if shape.is_locking or shape.is_volatile or statement.truncated or not statement.tables:
        return Kind.NOTHING
    if _MACHINERY.issuperset(statement.tables):
        return Kind.NOTHING
    system = any(t.lower().startswith(("pg_", "sqlite_")) for t in statement.tables)
    return Kind.NOTHING if system else Kind.READ
