"""What the commands share that end with a report: traces, flags, the verdict."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from queryaudit.analysis.settings import Unused
from queryaudit.conclude import conclude, write_outputs
from queryaudit.config import Config, Reach, add_flags, discover, given_flags, load
from queryaudit.errors import ExitCode
from queryaudit.judging import Analysis
from queryaudit.records.findings import Diagnostic
from queryaudit.records.report import Report
from queryaudit.registry import Registry
from queryaudit.reports.base import Options
from queryaudit.reports.registry import get


def add_traces(parser: argparse.ArgumentParser, number: str = "+") -> None:
    parser.add_argument("traces", nargs=number, metavar="TRACE", help="Trace files or folders.")
    add_reporting(parser)


def add_reporting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="One line for a finding.")
    parser.add_argument("-v", "--verbose", action="store_true", help="Unfold notes, too.")
    parser.add_argument("--no-color", action="store_true", help="No colour, whatever the terminal.")
    parser.add_argument(
        "--baseline-update", action="store_true", help="Drop from the baseline what is gone."
    )
    parser.add_argument(
        "--accept-new", action="store_true", help="Add what is new to the baseline."
    )
    add_flags(parser.add_argument, Reach.CLI, prefix="")


def config_of(options: argparse.Namespace) -> Config:
    inputs = discover(
        Path.cwd(),
        flags=given_flags(options),
        environment=os.environ,
        settings=options.settings,
    )
    return load(inputs, known_rules=Registry().rules)


def concluded(
    analysis: Analysis,
    diagnostics: list[Diagnostic],
    config: Config,
    options: argparse.Namespace,
) -> ExitCode:
    # A trace doesn't say which tests there are: it can't show that something is gone.
    unused = Unused.ALL if options.baseline_update else Unused.NONE
    report = analysis.report(diagnostics, unused=unused)
    accepted = analysis.accept_plans() if options.accept_new else None
    if accepted is not None:
        print(f"{config.plan_baseline}: {accepted:,} plans accepted.", file=sys.stderr)
    return judged(report, config, options)


def judged(report: Report, config: Config, options: argparse.Namespace) -> ExitCode:
    partial = not options.baseline_update
    conclusion = conclude(
        report,
        config,
        partial=partial,
        update_baseline=options.baseline_update,
        accept_new=options.accept_new,
    )
    if not any(output.path is None for output in config.output):
        color = False if options.no_color else None
        shown = Options(quiet=options.quiet, verbose=options.verbose, color=color)
        get("terminal", shown).render(conclusion.report, sys.stdout)
    for note in conclusion.notes:
        print(note, file=sys.stderr)
    for problem in conclusion.problems:
        print(f"queryaudit: {problem}", file=sys.stderr)
    return ExitCode.USAGE if written(conclusion.report, config) else conclusion.exit_code


def written(report: Report, config: Config) -> bool:
    """Write what the configuration asks for; whether something could not be."""
    notes, problems = write_outputs(report, config)
    for note in notes:
        print(note, file=sys.stderr)
    for problem in problems:
        print(f"queryaudit: {problem}", file=sys.stderr)
    return bool(problems)
