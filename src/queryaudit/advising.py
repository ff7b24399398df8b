"""Where indexes are tried: on copies in a database, or on a twin. For the CLI and test runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from queryaudit.judging import Analysis
from queryaudit.plans.saved import SavedPlanner
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.budget import Budget
from queryaudit.proof.estimates import estimate
from queryaudit.proof.indexes import advise
from queryaudit.proof.journal import Journal
from queryaudit.proof.trials import Advice
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
