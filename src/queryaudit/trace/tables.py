"""The definitions of one trace by id, for live capture and reading alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from queryaudit.records.definitions import (
    Access,
    FunctionText,
    Ignored,
    Model,
    Origin,
    Provenance,
    SqlText,
    Stack,
)
from queryaudit.records.events import (
    Event,
    Header,
    Query,
    ScopeStart,
)
from queryaudit.records.parameters import Nulls
from queryaudit.records.plans import Explaining, Plan, Relation
from queryaudit.records.sources import FileHead

_Made = TypeVar("_Made")


class Tables:
    """Plain dicts, so that a lookup costs what a dict lookup costs.

    ``add`` takes any event and keeps those that define an id. Ids mean something within one
    trace only: each trace has tables of its own.
    """

    __slots__ = (
        "_by_table",
        "_made",
        "_origins_at",
        "accesses",
        "explaining",
        "functions",
        "header",
        "heads",
        "ignores",
        "models",
        "nulls",
        "origins",
        "plans",
        "provenances",
        "relations",
        "scopes",
        "sql",
        "stacks",
    )

    def __init__(self, header: Header | None = None) -> None:
        self.header = header
        self.sql: dict[int, SqlText] = {}
        self.stacks: dict[int, Stack] = {}
        self.origins: dict[int, Origin] = {}
        self.accesses: dict[int, Access] = {}
        self.scopes: dict[int, ScopeStart] = {}
        self.ignores: dict[int, Ignored] = {}
        #: by path
        self.functions: dict[str, list[FunctionText]] = {}
        #: by path
        self.heads: dict[str, FileHead] = {}
        #: by label
        self.models: dict[str, Model] = {}
        #: None: no statement of this trace is explained.
        self.explaining: Explaining | None = None
        self.plans: list[Plan] = []
        self.relations: list[Relation] = []
        #: by statement and stack
        self.provenances: dict[tuple[int, int], Provenance] = {}
        #: by statement and stack
        self.nulls: dict[tuple[int, int], tuple[tuple[int, ...], ...]] = {}
        self._origins_at: dict[tuple[int, int], list[int]] = {}
        self._by_table: dict[str, Model] = {}
        self._made: dict[Callable[..., Any], Any] = {}

    def add(self, event: Event) -> None:
        if type(event) is Query:
            return
        if isinstance(event, SqlText):
            self.sql[event.id] = event
        elif isinstance(event, Stack):
            self.stacks[event.id] = event
        elif isinstance(event, Access):
            self.accesses[event.id] = event
        elif isinstance(event, Origin):
            if event.id not in self.origins:
                self._origins_at.setdefault((event.sql, event.stack), []).append(event.id)
            self.origins[event.id] = event
        elif isinstance(event, ScopeStart):
            self.scopes[event.id] = event
        elif isinstance(event, Ignored):
            self.ignores[event.id] = event
        elif isinstance(event, FunctionText):
            self.functions.setdefault(event.path, []).append(event)
        elif isinstance(event, FileHead):
            self.heads[event.path] = event
        elif isinstance(event, Model):
            self.models[event.label] = event
            if self._by_table.setdefault(event.table, event).label == event.label:
                self._by_table[event.table] = event
            self._made.clear()
        elif isinstance(event, Plan):
            self.plans.append(event)
        elif isinstance(event, Relation):
            self.relations.append(event)
        elif isinstance(event, Explaining):
            self.explaining = event
        elif isinstance(event, Provenance):
            self.provenances[event.sql, event.stack] = event
        elif isinstance(event, Nulls):
            known = self.nulls.get((event.sql, event.stack), ())
            if event.positions not in known:
                self.nulls[event.sql, event.stack] = (*known, event.positions)
        elif isinstance(event, Header):
            self.header = event

    # What rules look up in each of thousands of units of work

    def origins_at(self, sql: int, stack: int) -> list[Origin]:
        """The origins of a statement's rows at a stack: the querysets that were evaluated there."""
        return [self.origins[id] for id in self._origins_at.get((sql, stack), ())]

    def model_of(self, table: str) -> Model | None:
        """The first model that has its rows in ``table``."""
        return self._by_table.get(table)

    def of_models(self, make: Callable[[Iterable[Model]], _Made]) -> _Made:
        """What ``make`` makes of the models, made once."""
        made = self._made.get(make)
        if made is None:
            made = self._made[make] = make(self.models.values())
        return made
