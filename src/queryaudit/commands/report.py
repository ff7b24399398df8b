"""``queryaudit report`` and ``queryaudit scan``: saved traces, source, or both."""

from __future__ import annotations

import argparse
from pathlib import Path

from queryaudit.commands.reporting import add_reporting, add_traces, concluded, config_of
from queryaudit.errors import ExitCode
from queryaudit.judging import Analysis
from queryaudit.replay import analyse
from queryaudit.scanning import scan


def add_to(parser: argparse.ArgumentParser) -> None:
    add_traces(parser)
    parser.add_argument(
        "--scan",
        action="append",
        default=[],
        metavar="PATH",
        help="Scan this source too, and report a defect that also ran once.",
    )
    parser.set_defaults(run=run)


def add_scan_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scan", nargs="*", metavar="PATH", help="Files or folders; the option source if none."
    )
    add_reporting(parser)
    parser.set_defaults(run=run, traces=[])


def run(options: argparse.Namespace) -> ExitCode:
    config = config_of(options)
    analysis = Analysis(config)
    diagnostics = analyse(options.traces, analysis)
    if options.scan or not options.traces:
        named = [Path(path) for path in options.scan]
        diagnostics += scan(named or [config.root / path for path in config.source], analysis)
    return concluded(analysis, diagnostics, config, options)
