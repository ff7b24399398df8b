"""The audited test run: scopes for test phases, requests by our own middleware, the verdict.

Under pytest-xdist each worker writes a trace and the controller analyses them all, so that the
report does not depend on how the tests were spread.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from queryaudit import after_run
from queryaudit.analysis.settings import Unused
from queryaudit.capture.roots import project_roots
from queryaudit.capture.scopes import entered
from queryaudit.conclude import Conclusion, conclude, write_outputs
from queryaudit.config import Config, given_flags
from queryaudit.errors import ExitCode, QueryAuditError
from queryaudit.integrations.django_entrances import Entrances
from queryaudit.integrations.phases import in_phase
from queryaudit.integrations.pytest_fixture import marker_ignores
from queryaudit.integrations.pytest_selection import is_partial
from queryaudit.integrations.pytest_unittest import apart
from queryaudit.integrations.worker_traces import WorkerTraces, begun, is_missing, merged
from queryaudit.judging import Analysis
from queryaudit.project import project_config
from queryaudit.records.advised import Tried
from queryaudit.records.findings import Diagnostic
from queryaudit.records.kinds import Phase
from queryaudit.runtime import Session

if TYPE_CHECKING:
    from queryaudit.plans.planners import Planners

_TRACES = "queryaudit_traces"
_RUN = "queryaudit_run"


def register(config: pytest.Config) -> None:
    """Set up auditing in this process: alone, as a worker, or as a controller of workers."""
    workerinput = getattr(config, "workerinput", None)
    if workerinput is not None:
        plugin: object = Worker(config, Path(workerinput[_TRACES]), workerinput[_RUN])
    elif config.getoption("numprocesses", None) or config.getoption("tx", None):
        plugin = Controller(config)
    else:
        plugin = Alone(config)
    config.pluginmanager.register(plugin, "queryaudit-run")


def _configuration(config: pytest.Config) -> Config:
    """The configuration. UsageError, in one sentence, if it or Django's settings are wrong."""
    try:
        from django.conf import settings

        settings.DATABASES  # noqa: B018 - settings load on first use
    except ImportError as error:
        raise pytest.UsageError(
            f"queryaudit: the project's Django settings can't be imported: {error}. "
            "Correct them, or DJANGO_SETTINGS_MODULE, and run again."
        ) from error
    except Exception as error:
        raise pytest.UsageError(
            f"queryaudit: this project has no Django settings: {str(error).splitlines()[0]} "
            "Set DJANGO_SETTINGS_MODULE (pytest-django: --ds)."
        ) from error
    try:
        options = project_config(dict(given_flags(config.option)), start=config.rootpath)
    except QueryAuditError as error:
        raise pytest.UsageError(f"queryaudit: {error}") from error
    for name in options.source:
        if not any(Path(root).exists() for root in project_roots((name,), str(options.root))):
            raise pytest.UsageError(
                f"queryaudit: source names {name!r}, which is neither a path below {options.root} "
                "nor a package that can be found. Nothing would be audited; correct it."
            )
    return options


class _Recording:
    """Opens a scope for each phase of each test."""

    def __init__(self, config: pytest.Config, run: str | None = None) -> None:
        self.config = config
        self.options = _configuration(config)
        self.analysis = Analysis(self.options)
        self.session = Session(self.options, run=run)
        self.deselected = 0
        self._entrances: Entrances | None = None

    def begin(self) -> None:
        self.session = self.session.open()
        self.session.explain(self.options.explain)
        self._entrances = Entrances(self.session)
        self._entrances.install()

    def stop(self) -> None:
        if self._entrances is not None:
            self._entrances.uninstall()
        self.session.close()

    @contextmanager
    def phase(self, item: pytest.Item, phase: Phase) -> Generator[None, None, None]:
        function = getattr(item, "obj", None) if phase is Phase.CALL else None
        with in_phase(self.session.recorder, item.nodeid, phase, function):
            yield

    def pytest_collection_finish(self) -> None:
        if self._entrances is not None:
            self._entrances.attach()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, None]:
        with self.phase(item, Phase.SETUP):
            yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        apart(item, self.phase, every=self.session.recorder.sampler is not None)
        with self.phase(item, Phase.CALL), marker_ignores(item):
            yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, None]:
        with self.phase(item, Phase.TEARDOWN):
            yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, None]:
        """Creating the test databases is nobody's query."""
        if fixturedef.argname != "django_db_setup":
            yield
            return
        with entered(None):
            yield

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += len(items)


class _Concluding:
    """Reports at the end of a run."""

    config: pytest.Config
    options: Config
    analysis: Analysis
    deselected: int
    _conclusion: Conclusion | None = None
    _notes: list[str]
    _problems: list[str]

    #: Reports for standard output wait until pytest's own lines are through.
    _printed: StringIO

    def conclude(
        self,
        session: pytest.Session,
        diagnostics: list[Diagnostic],
        tried: Tried,
        *,
        missing: bool = False,
    ) -> None:
        option = self.config.option
        self._notes, self._problems, self._printed = [], [], StringIO()
        partial = is_partial(self.config, session, self.deselected)
        report = self.analysis.report(diagnostics, unused=Unused.NONE if partial else Unused.ALL)
        report = after_run.replayed(report, self.analysis)
        report = self.analysis.advised(report, tried)
        conclusion = self._conclusion = conclude(
            report,
            self.options,
            partial=partial,
            update_baseline=option.queryaudit_baseline_update,
            accept_new=option.queryaudit_accept_new,
            missing=missing,
        )
        notes, problems = write_outputs(conclusion.report, self.options, self._printed)
        self._notes = [*conclusion.notes, *notes]
        self._problems = [str(problem) for problem in (*conclusion.problems, *problems)]
        code = ExitCode.USAGE if problems else conclusion.exit_code
        self._set_exit(session, code)

    def _set_exit(self, session: pytest.Session, code: ExitCode) -> None:
        # Failing tests and interruptions say more than we do.
        if session.exitstatus == pytest.ExitCode.OK and code is not ExitCode.CLEAN:
            session.exitstatus = int(code)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        from queryaudit.reports.base import Options
        from queryaudit.reports.registry import get

        terminalreporter.write_sep("=", "queryaudit")
        for problem in self._problems:
            terminalreporter.write_line(f"queryaudit: {problem}", red=True)
        if self._conclusion is None:
            return
        writer = terminalreporter._tw
        options = Options(
            quiet=terminalreporter.verbosity < 0,
            verbose=terminalreporter.verbosity > 0,
            color=writer.hasmarkup,
            width=writer.fullwidth,
        )
        stream = StringIO()
        get("terminal", options).render(self._conclusion.report, stream)
        writer.write(stream.getvalue().rstrip("\n") + "\n")
        for note in self._notes:
            terminalreporter.write_line(note)
        writer.write(self._printed.getvalue())


class Alone(_Recording, _Concluding):
    """One process: records, judges as it goes, and reports."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._notes, self._problems, self._printed = [], [], StringIO()

    def pytest_sessionstart(self) -> None:
        self.begin()
        after_run.gather(self.session.hub.tables, self.options)
        self.session.hub.listen(self.analysis.engine(self.session.hub.tables))
        if self.options.trace is not None:
            try:
                self.session.write_trace(self.options.trace)
            except QueryAuditError as error:
                raise pytest.UsageError(f"queryaudit: {error}") from error

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.stop()

        def feed(planner: Planners | None) -> list[Diagnostic]:
            if planner is not None:
                planner.fill(self.session.hub.tables)
            self.analysis.finish()
            return []

        advised = after_run.advised(self.analysis, feed)
        diagnostics = [*self.session.diagnostics(), *advised.diagnostics]
        self.conclude(session, diagnostics, advised.tried)


class Worker(_Recording):
    """A worker of pytest-xdist: records into a trace, which the controller reads."""

    def __init__(self, config: pytest.Config, traces: Path, run: str) -> None:
        super().__init__(config, run)
        self._traces = traces
        self._unwritten: list[Diagnostic] = []

    def pytest_sessionstart(self) -> None:
        self.begin()
        self._unwritten = begun(self.session, self._traces)

    def pytest_sessionfinish(self) -> None:
        self.stop()
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["queryaudit"] = [
                (d.slug, d.message, d.hint, d.count)
                for d in (*self._unwritten, *self.session.diagnostics())
            ]
            output["queryaudit_deselected"] = self.deselected


class Controller(_Concluding):
    """Hands out a folder for traces and analyses what the workers left in it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.options = _configuration(config)
        self.analysis = Analysis(self.options)
        self.deselected = 0
        self._notes, self._problems, self._printed = [], [], StringIO()
        self._diagnostics: list[Diagnostic] = []
        try:
            self._traces = WorkerTraces(self.options.trace)
        except QueryAuditError as error:
            raise pytest.UsageError(f"queryaudit: {error}") from error
        self._run = Session(self.options).token

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_TRACES] = str(self._traces.folder)
        node.workerinput[_RUN] = self._run

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        output = getattr(node, "workeroutput", None) or {}
        self.deselected = max(self.deselected, output.get("queryaudit_deselected", 0))
        self._diagnostics.extend(
            Diagnostic(slug=slug, message=message, hint=hint, count=count)
            for slug, message, hint, count in output.get("queryaudit", ())
        )

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        advised = after_run.advised(
            self.analysis, lambda planner: self._traces.analysed(self.analysis, planner)
        )
        missing = is_missing(self._diagnostics)
        self._diagnostics.extend(advised.diagnostics)
        self.conclude(session, merged(self._diagnostics), advised.tried, missing=missing)
