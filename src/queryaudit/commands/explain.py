"""``queryaudit explain``: the plans of a trace's statements, and a report on them."""

from __future__ import annotations

import argparse
import sys

from queryaudit.commands import places
from queryaudit.commands.reporting import add_traces, concluded, config_of
from queryaudit.errors import ExitCode
from queryaudit.judging import Analysis
from queryaudit.workloads import commands as workloads


def add_to(parser: argparse.ArgumentParser) -> None:
    add_traces(parser, "*")
    workloads.add_to(parser)
    places.add_to(
        parser,
        "Plan there, for any values: postgresql://user@host/name (14 or later) or "
        "sqlite:///path. Without it: the plans that are in the trace.",
        required=False,
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """A report with plans of a database, and before it the plans themselves."""
    from queryaudit import advising
    from queryaudit.reports.terminal_plan import print_plans

    config = config_of(options)
    analysis = Analysis(config)
    wanted = places.named(options)
    if wanted:
        terms = advising.Terms(scratch=False, tries=False)
        with advising.places(wanted, analysis, terms) as found:
            server = found.server(options.alias)
            diagnostics = workloads.analyse(options, analysis, found.planners, server)
    else:
        diagnostics = workloads.analyse(options, analysis)
    if not any(output.path is None for output in config.output):
        print_plans(analysis.report().plans, sys.stdout, color=not options.no_color)
    return concluded(analysis, diagnostics, config, options)
