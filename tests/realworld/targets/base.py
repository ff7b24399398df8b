"""What a target is, and what the pytest targets share."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import postgres
from measure import Command
from workspace import Environment, cache_folder, environment, install_queryaudit, source


@dataclass(frozen=True, kw_only=True)
class Target(abc.ABC):
    """A test suite that somebody else wrote, at pinned versions."""

    name: str
    about: str
    python: str
    requirements: tuple[str, ...]
    database: str = "sqlite"

    def prepare(self, *, under_audit: bool) -> Environment:
        """The environment with everything the suite needs."""
        needed = self.requirements
        if self.database == "postgresql":
            needed = (*needed, *postgres.REQUIREMENTS)
        made = environment(self.name, self.python, needed)
        if under_audit:
            install_queryaudit(made)
        return made

    @contextlib.contextmanager
    def services(self, made: Environment) -> Iterator[Mapping[str, str]]:
        """Start what the suite connects to; the environment variables that say where it is."""
        if self.database != "postgresql":
            yield {"DATABASE_URL": ""}
            return
        with postgres.server(made, cache_folder()) as url:
            yield {"DATABASE_URL": url}

    @abc.abstractmethod
    def command(
        self, made: Environment, environ: Mapping[str, str], *, under_audit: bool, label: str
    ) -> Command:
        """The suite's own command line. ``label`` keeps the files of several runs apart."""

    def output(self, label: str) -> Path:
        return cache_folder() / "runs" / self.name / label


@dataclass(frozen=True, kw_only=True)
class PytestTarget(Target):
    """A suite that ``pytest`` runs; queryaudit is a flag on its command line and nothing else."""

    sdist: str
    #: Of the folder that pytest is started in: the unpacked source distribution.
    arguments: tuple[str, ...] = ()
    #: Packages to audit; none: what queryaudit takes for the project.
    audited: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def folder(self, made: Environment) -> Path:
        """Where pytest is started."""
        return source(self.sdist, made)

    def command(
        self, made: Environment, environ: Mapping[str, str], *, under_audit: bool, label: str
    ) -> Command:
        output = self.output(label)
        results, report = output / "junit.xml", output / "queryaudit.json"
        pytest = [str(made.python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        return Command(
            arguments=(
                *pytest,
                *self.arguments,
                *(self.audit_flags(report) if under_audit else ("-p", "no:queryaudit")),
                f"--junitxml={results}",
            ),
            folder=self.folder(made),
            environ={**environ, **self.variables},
            results=results,
            report=report if under_audit else None,
            under_audit=under_audit,
        )

    def audit_flags(self, report: Path) -> tuple[str, ...]:
        """All that is added to audit the suite."""
        sources = (f"--queryaudit-source={package}" for package in self.audited)
        return ("--queryaudit", *sources, f"--queryaudit-output=json:{report}")
