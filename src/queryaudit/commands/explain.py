"""``queryaudit explain``: the plans of a trace's statements, and a report on them."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

from queryaudit.commands.reporting import TWIN, add_traces, concluded, config_of
from queryaudit.errors import ExitCode
from queryaudit.judging import Analysis
from queryaudit.workloads import commands as workloads


def add_to(parser: argparse.ArgumentParser) -> None:
    add_traces(parser, "*")
    workloads.add_to(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--database",
        metavar="URL",
        help="Plan there, for any values: postgresql://user@host/name (16 or later) or "
        "sqlite:///path. Without it: the plans that are in the trace.",
    )
    where.add_argument("--twin", metavar="DIR", help=TWIN)
    parser.add_argument(
        "--alias",
        default="default",
        help="The database of the settings that URL stands for (default: default).",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """A report with plans of a database, and before it the plans themselves."""
    from queryaudit.plans.saved import SavedPlanner
    from queryaudit.plans.url_server import UrlServer
    from queryaudit.reports.terminal_plan import print_plans
    from queryaudit.twin.session import Twin

    config = config_of(options)
    analysis = Analysis(config)
    if options.twin is not None:
        with Twin(Path(options.twin).resolve()) as twin:
            planner = SavedPlanner(twin.server, options.alias, place=twin.name, scans=twin.scans)
            diagnostics = workloads.analyse(options, analysis, planner)
    elif options.database is None:
        diagnostics = workloads.analyse(options, analysis)
    else:
        with closing(UrlServer.connect(options.database)) as server:
            planner = SavedPlanner(server, options.alias)
            diagnostics = workloads.analyse(options, analysis, planner, server)
    if not any(output.path is None for output in config.output):
        print_plans(analysis.report().plans, sys.stdout, color=not options.no_color)
    return concluded(analysis, diagnostics, config, options)
