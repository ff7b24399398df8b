"""``--workload`` of ``explain`` and ``advise``."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from queryaudit import replay
from queryaudit.errors import DatabaseError, TraceError
from queryaudit.judging import Analysis
from queryaudit.plans.url_server import UrlServer
from queryaudit.records.findings import Diagnostic
from queryaudit.replay import Planner
from queryaudit.workloads import server_log, statistics
from queryaudit.workloads.entries import Found
from queryaudit.workloads.feeding import Completing, feed


def add_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workload",
        metavar="SOURCE",
        help="Statements that no trace has: pg_stat_statements (the view in --database, or in the "
        "server whose URL stands here), or a file, a server's log with plans of auto_explain.",
    )


class Planning(Planner, Completing, Protocol):
    """Who plans for statements of traces and of other workloads alike."""

    def diagnostics(self) -> list[Diagnostic]: ...


def analyse(
    options: argparse.Namespace,
    analysis: Analysis,
    planner: Planning | None = None,
    server: UrlServer | None = None,
) -> list[Diagnostic]:
    """Feed all that was asked, by traces and from elsewhere; ``server`` is that of --database."""
    if options.workload is None and not options.traces:
        raise TraceError("Neither a trace nor a workload is named.", "See --help.")
    diagnostics = replay.analyse(options.traces, analysis, planner)
    if options.workload is not None:
        found = _found(options, server)
        diagnostics += feed(found, analysis, options.alias, planner)
    return diagnostics + (planner.diagnostics() if planner is not None else [])


def _found(options: argparse.Namespace, server: UrlServer | None) -> Found:
    source = options.workload
    if source == statistics.NAME:
        if server is None:
            raise DatabaseError(
                f"No --database is named whose {source} could be read.",
                "--workload postgresql://user@host/name reads that of another one than is planned "
                "on.",
            )
        return statistics.read(server)
    if urlsplit(source).scheme in ("postgres", "postgresql"):
        with closing(UrlServer.connect(source)) as other:
            return statistics.read(other)
    return server_log.read(Path(source), options.alias)
