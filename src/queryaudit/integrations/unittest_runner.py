"""``manage.py test`` with an audit, by the setting ``TEST_RUNNER``.

Under ``--parallel`` each worker writes a trace and the runner analyses them all, so that the report
does not depend on how the tests were spread.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from io import StringIO
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.test.runner import DiscoverRunner

from queryaudit import after_run
from queryaudit.analysis.settings import Unused
from queryaudit.conclude import conclude, write_outputs
from queryaudit.config import Reach, add_flags, given_flags
from queryaudit.errors import ExitCode, QueryAuditError
from queryaudit.integrations.django_entrances import Entrances
from queryaudit.integrations.unittest_cases import audited
from queryaudit.integrations.unittest_workers import RecordingRunners, RecordingSuite
from queryaudit.integrations.worker_traces import WorkerTraces, is_missing, merged
from queryaudit.judging import Analysis
from queryaudit.project import project_config
from queryaudit.records.advised import Tried
from queryaudit.records.findings import Diagnostic
from queryaudit.reports.base import Options
from queryaudit.reports.registry import get
from queryaudit.runtime import Session

if TYPE_CHECKING:
    from queryaudit.plans.planners import Planners


class QueryAuditRunner(DiscoverRunner):
    """Django's own runner, whose tests are audited.

    It fails as ``pytest --queryaudit`` does: 1 for new findings, 4 for what is set wrong, 5 if
    nothing was audited. Failing tests come first: then the audit is only told.
    """

    parallel_test_suite = RecordingSuite

    def __init__(
        self,
        *args: Any,
        queryaudit: bool = True,
        queryaudit_baseline_update: bool = False,
        queryaudit_accept_new: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._on = queryaudit
        self._update = queryaudit_baseline_update
        self._accept = queryaudit_accept_new
        self._flags: Mapping[str, object] = dict(given_flags(_Given(options)))
        self._diagnostics: list[Diagnostic] = []
        self._tried = Tried()
        self._missing = False
        self._partial = bool(self.tags or self.exclude_tags or self.test_name_patterns)
        self._analysis: Analysis

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        group = parser.add_argument_group("auditing the use of the database (queryaudit)")
        group.add_argument(
            "--no-queryaudit",
            dest="queryaudit",
            action="store_false",
            help="Do not audit this run.",
        )
        group.add_argument(
            "--queryaudit-baseline-update",
            action="store_true",
            help="Drop from the baseline what is gone.",
        )
        group.add_argument(
            "--queryaudit-accept-new",
            action="store_true",
            help="Add what is new to the baseline: it will not fail a run any more.",
        )
        add_flags(group.add_argument, Reach.TESTS)

    def run_tests(self, test_labels: list[str], *args: Any, **options: Any) -> int:
        if not self._on:
            return super().run_tests(test_labels, *args, **options)
        self._partial = self._partial or bool(test_labels)
        try:
            self._analysis = Analysis(project_config(dict(self._flags)))
        except QueryAuditError as error:
            raise _usage(error) from error
        return super().run_tests(test_labels, *args, **options)

    def run_suite(self, suite: Any, **options: Any) -> Any:
        if not self._on:
            return super().run_suite(suite, **options)
        if isinstance(suite, RecordingSuite):
            result = self._run_apart(suite, options)
        else:
            result = self._run_here(suite, options)
        self._partial = self._partial or result.shouldStop
        return result

    def _run_here(self, suite: Any, options: dict[str, Any]) -> Any:
        config = self._analysis.config
        session = Session(config).open()
        session.explain(config.explain)
        entrances = Entrances(session)
        entrances.install()

        def feed(planner: Planners | None) -> list[Diagnostic]:
            if planner is not None:
                planner.fill(session.hub.tables)
            self._analysis.finish()
            return []

        try:
            after_run.gather(session.hub.tables, config)
            session.hub.listen(self._analysis.engine(session.hub.tables))
            if config.trace is not None:
                try:
                    session.write_trace(config.trace)
                except QueryAuditError as error:
                    raise _usage(error) from error
            audited(suite, session.recorder)
            return super().run_suite(suite, **options)
        finally:
            entrances.uninstall()
            session.close()
            advised = after_run.advised(self._analysis, feed)
            self._diagnostics = [*session.diagnostics(), *advised.diagnostics]
            self._tried = advised.tried

    def _run_apart(self, suite: RecordingSuite, options: dict[str, Any]) -> Any:
        config = self._analysis.config
        try:
            traces = WorkerTraces(config.trace)
        except QueryAuditError as error:
            raise _usage(error) from error
        run = Session(config).token
        suite.record(RecordingRunners(traces.folder, run, self._flags))
        try:
            return super().run_suite(suite, **options)
        finally:
            advised = after_run.advised(
                self._analysis, lambda planner: traces.analysed(self._analysis, planner)
            )
            self._missing = is_missing(suite.diagnostics)
            self._diagnostics = merged([*suite.diagnostics, *advised.diagnostics])
            self._tried = advised.tried

    def suite_result(self, suite: Any, result: Any, **options: Any) -> int:
        failures = super().suite_result(suite, result, **options)
        if not self._on:
            return failures
        code = self._conclude(sys.stdout)
        if failures or code is ExitCode.CLEAN:
            return failures
        if code is ExitCode.FINDINGS:
            return 1
        what = "tests are missing in the audit" if self._missing else "nothing was audited"
        raise CommandError(f"queryaudit: {what}.", returncode=int(code))

    def _conclude(self, stream: Any) -> ExitCode:
        """Print the report, write those that were asked for, and judge."""
        unused = Unused.NONE if self._partial else Unused.ALL
        report = after_run.replayed(
            self._analysis.report(self._diagnostics, unused=unused), self._analysis
        )
        report = self._analysis.advised(report, self._tried)
        config = self._analysis.config
        printed = StringIO()
        conclusion = conclude(
            report,
            config,
            partial=self._partial,
            update_baseline=self._update,
            accept_new=self._accept,
            missing=self._missing,
        )
        notes, outputs = write_outputs(conclusion.report, config, printed)
        problems = (*conclusion.problems, *outputs)
        shown = Options(quiet=self.verbosity < 1, verbose=self.verbosity > 1)
        get("terminal", shown).render(conclusion.report, stream)
        for note in (*conclusion.notes, *notes):
            self.log(note)
        stream.write(printed.getvalue())
        if problems:
            raise _usage(problems[0])
        return conclusion.exit_code


class _Given:
    """Keyword arguments as the attributes that argparse would have made of them."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self.__dict__.update(options)


def _usage(error: QueryAuditError) -> CommandError:
    return CommandError(f"queryaudit: {error}", returncode=int(ExitCode.USAGE))
