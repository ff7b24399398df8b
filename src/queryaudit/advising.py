"""Where indexes are tried: on copies in a database, on a twin, or where HypoPG is by the planner of
a database alone. For the CLI and test runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from queryaudit.config import Named
from queryaudit.judging import Analysis
from queryaudit.plans.planners import Planners
from queryaudit.plans.saved import SavedPlanner
from queryaudit.plans.sqlite_file import open_file
from queryaudit.plans.url_server import UrlServer, sqlite_path
from queryaudit.proof.budget import Budget
from queryaudit.proof.estimates import Estimating
from queryaudit.proof.hypothetical import HypoPG
from queryaudit.proof.indexes import Proving
from queryaudit.proof.journal import Journal
from queryaudit.proof.laboratory import Laboratory
from queryaudit.proof.postgres_laboratory import PostgresLaboratory
from queryaudit.proof.sqlite_laboratory import SqliteLaboratory
from queryaudit.proof.trials import Advice
from queryaudit.proof.trying import Task, Trying, advise
from queryaudit.records.advised import AdvisedIndex, TriedDrop
from queryaudit.twin.session import Twin
from queryaudit.twin.what_if import TwinWhatIf


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the indexes of a database may cost, who hears what goes on, and where is kept what was
    found, by alias. ``scratch`` says that copies of tables may be made in databases, ``tries``
    whether indexes are tried at all: several may plan on a twin, and one change it."""

    scratch: bool
    tries: bool = True
    budget: Budget = field(default_factory=Budget)
    told: Callable[[str], None] = lambda _: None
    journals: Callable[[str], Journal | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Place:
    """A server that plans what was asked on an alias, and a way to find out which indexes pay."""

    alias: str
    planner: SavedPlanner
    server: UrlServer | None  #: of the database; none with a twin
    trying: Callable[[Task], Trying] | None


class Places:
    """One for each database that was named."""

    def __init__(self, found: Sequence[Place], analysis: Analysis, terms: Terms) -> None:
        self._found = found
        self._analysis = analysis
        self._terms = terms
        self.planners = Planners([place.planner for place in found], analysis.aliases)

    def server(self, alias: str) -> UrlServer | None:
        return next((place.server for place in self._found if place.alias == alias), None)

    def advise(self) -> Advice:
        """Every candidate with its outcome, for what was planned here."""
        indexes: list[AdvisedIndex] = []
        drops: list[TriedDrop] = []
        interruption = ""
        for place in self._found:
            found = self._advise(place)
            interruption = interruption or found.interruption
            alias = place.alias if len(self._found) > 1 or place.alias != "default" else ""
            indexes += (replace(index, alias=alias) for index in found.indexes)
            drops += found.drops
        return Advice(tuple(indexes), interruption, tuple(drops))

    def _advise(self, place: Place) -> Advice:
        task = Task(
            workload=self._analysis.workload(),
            alias=place.alias,
            small_table=self._analysis.config.small_table,
            budget=self._terms.budget,
            told=self._terms.told,
        )
        trying = place.trying
        return advise(task, None if trying is None else lambda: trying(task))


@contextmanager
def places(wanted: Sequence[Named], analysis: Analysis, terms: Terms) -> Iterator[Places]:
    """Raises DatabaseError or TwinError for a place that can't be used."""
    with ExitStack() as stack:
        found = [
            _twin(
                named.alias,
                stack.enter_context(Twin(named.where.resolve(), alone=terms.tries)),
                terms,
            )
            if isinstance(named.where, Path)
            else _database(named.alias, named.where, stack, terms)
            for named in wanted
        ]
        yield Places(found, analysis, terms)


def _database(alias: str, url: str, stack: ExitStack, terms: Terms) -> Place:
    server = stack.enter_context(closing(UrlServer.connect(url)))
    is_file = server.vendor == "sqlite"  # of which a copy is ours, and nothing is made in it
    if terms.scratch and not is_file:
        server.require_scratch()
    planner = SavedPlanner(server, alias)

    def proving(task: Task) -> Trying:
        known = (server, planner.texts, task.budget, task.told)
        laboratory: Laboratory
        if is_file:
            laboratory = stack.enter_context(
                closing(SqliteLaboratory(lambda: open_file(sqlite_path(url)), *known))
            )
        else:
            laboratory = PostgresLaboratory(*known)
        return Proving(laboratory, task, terms.journals(alias))

    if terms.scratch or is_file:
        return Place(alias, planner, server, proving)
    return Place(alias, planner, server, _supposing(server, planner) if terms.tries else None)


def _supposing(server: UrlServer, planner: SavedPlanner) -> Callable[[Task], Trying] | None:
    """Where nothing may be built, the extension for it."""
    found = HypoPG.of(server)
    if found is None:
        return None
    return lambda task: Estimating(found, planner.texts, task)


def _twin(alias: str, twin: Twin, terms: Terms) -> Place:
    """Where nothing is executed."""
    planner = SavedPlanner(twin.server, alias, place=twin.name, scans=twin.scans)

    def estimating(task: Task) -> Trying:
        return Estimating(TwinWhatIf(twin), planner.texts, task, terms.journals(alias))

    return Place(alias, planner, None, estimating)
