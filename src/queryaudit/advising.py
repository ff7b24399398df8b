"""Where indexes are tried: on copies in a database, or on a twin. For the CLI and test runs.

The rows of tests say nothing about indexes: a test run is advised by a place that the user named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from queryaudit.config import Config
from queryaudit.errors import QueryAuditError
from queryaudit.judging import Analysis
from queryaudit.plans.saved import SavedPlanner
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.budget import Budget
from queryaudit.proof.estimates import estimate
from queryaudit.proof.indexes import advise
from queryaudit.proof.journal import Journal
from queryaudit.proof.trials import Advice
from queryaudit.records.advised import AdvisedIndex
from queryaudit.records.findings import Diagnostic
from queryaudit.records.plans import Explaining, PlanMode
from queryaudit.trace.tables import Tables
from queryaudit.twin.session import Twin
from queryaudit.twin.what_if import TwinWhatIf


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What indexes may cost, who hears what goes on, and where is kept what was found."""

    alias: str = "default"
    budget: Budget = field(default_factory=Budget)
    told: Callable[[str], None] = lambda _: None
    journal: Journal | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A server that plans a workload's statements, and can say which indexes it lacks."""

    planner: SavedPlanner
    server: UrlServer | None  #: of the database; none with a twin
    _advise: Callable[[Analysis], Advice]

    def advise(self, analysis: Analysis) -> Advice:
        """Every candidate with its outcome, for what was planned here."""
        return self._advise(analysis)


@contextmanager
def database(url: str, terms: Terms, *, scratch: bool) -> Iterator[Place]:
    """A database; ``scratch`` says that copies of its tables may be made there. Raises
    DatabaseError if they can't be."""
    with closing(UrlServer.connect(url)) as server:
        if scratch:
            server.require_scratch()
        planner = SavedPlanner(server, terms.alias)

        def tried(analysis: Analysis) -> Advice:
            return advise(
                server if scratch else None,
                analysis.workload(),
                planner.texts,
                alias=terms.alias,
                small_table=analysis.config.small_table,
                budget=terms.budget,
                told=terms.told,
                journal=terms.journal,
            )

        yield Place(planner, server, tried)


@contextmanager
def twin(directory: Path, terms: Terms) -> Iterator[Place]:
    """A twin, where nothing is executed."""
    with Twin(directory.resolve(), alone=True) as found:
        planner = SavedPlanner(found.server, terms.alias, place=found.name, scans=found.scans)

        def estimated(analysis: Analysis) -> Advice:
            return estimate(
                TwinWhatIf(found),
                analysis.workload(),
                planner.texts,
                alias=terms.alias,
                small_table=analysis.config.small_table,
                budget=terms.budget,
                told=terms.told,
            )

        yield Place(planner, None, estimated)


class Advised(NamedTuple):
    """What became of indexes for a test run, and what is to be said about that."""

    diagnostics: list[Diagnostic]
    indexes: tuple[AdvisedIndex, ...] = ()


#: Brings all that was asked to the analysis, planned by who is named. What is wrong with it.
Feed = Callable[[SavedPlanner | None], list[Diagnostic]]


def advised_run(analysis: Analysis, feed: Feed) -> Advised:
    """Feed ``analysis``, and try indexes where the option ``advise`` says. Never raises for a
    place that can't be used: the run is reported without."""
    wanted = analysis.config.advise
    if wanted is None:
        return Advised(feed(None))
    found: list[Diagnostic] | None = None
    try:
        with _named(wanted) as place:
            found = []
            found = feed(place.planner)
            advice = place.advise(analysis)
            found = [*found, *place.planner.diagnostics()]
    except QueryAuditError as error:
        if found is None:
            found = feed(None)
        return Advised([*found, _not_advised(error.message, error.hint)])
    if advice.interruption:
        found.append(_not_advised(f"Not all was tried: {advice.interruption}.", ""))
    return Advised(found, advice.indexes)


def gather(tables: Tables, config: Config) -> None:
    """Before the first test: what is asked is gathered, though nothing is explained in tests."""
    if config.advise is not None and tables.explaining is None:
        tables.explaining = Explaining(PlanMode.GENERIC)


def _named(wanted: Path | str) -> AbstractContextManager[Place]:
    if isinstance(wanted, Path):
        return twin(wanted, Terms())
    return database(wanted, Terms(), scratch=True)


def _not_advised(message: str, hint: str) -> Diagnostic:
    return Diagnostic(slug="not-advised", message=f"No index was advised. {message}", hint=hint)
