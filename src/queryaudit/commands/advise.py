"""``queryaudit advise``: which indexes a workload needs, each with what became of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from queryaudit.commands import places
from queryaudit.commands.reporting import config_of, written
from queryaudit.config import Config, Named, Reach, add_flags
from queryaudit.errors import ExitCode, QueryAuditError
from queryaudit.judging import Analysis
from queryaudit.reports.clean import clean
from queryaudit.workloads import commands as workloads

if TYPE_CHECKING:
    from queryaudit.proof.journal import Journal


def add_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("traces", nargs="*", metavar="TRACE", help="Trace files or folders.")
    workloads.add_to(parser)
    places.add_to(
        parser,
        "A database with data: postgresql://user@host/name, version 14 or later, or sqlite:///path.",
        required=True,
    )
    parser.add_argument(
        "--scratch",
        action="store_true",
        help="That database may be tried things in: its tables are copied to temporary ones, and "
        "indexes are built on the copies. Without it nothing is created; where the database has "
        "HypoPG, its planner is asked. Of a SQLite file a copy is made in any case, and the file "
        "is only read.",
    )
    parser.add_argument("--max-indexes", type=int, default=10, help="How many, at most.")
    parser.add_argument(
        "--max-bytes", type=int, default=1 << 30, help="How large all of them may be, in bytes."
    )
    parser.add_argument(
        "--max-clone",
        type=int,
        default=2 << 30,
        help="Of a table that takes more bytes than this a sample is copied, of a tenth of its "
        "rows or so many as take no more.",
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="Where to keep what was tried until the end, so that the same command goes on from "
        "there if it is broken off (default: beside the first report, or "
        "queryaudit-advise.state).",
    )
    add_flags(parser.add_argument, Reach.CLI, prefix="")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Indexes, each with what became of it."""
    from queryaudit import advising
    from queryaudit.proof.budget import Budget
    from queryaudit.reports.advice_text import advice_lines, drop_lines

    config = config_of(options)
    analysis = Analysis(config)
    wanted = places.named(options)
    journals = _journals(options, config, wanted)
    budget = Budget(
        max_indexes=options.max_indexes, max_bytes=options.max_bytes, max_clone=options.max_clone
    )
    terms = advising.Terms(
        scratch=options.scratch, budget=budget, told=_told, journals=journals.get
    )
    try:
        with advising.places(wanted, analysis, terms) as found:
            diagnostics = workloads.analyse(
                options, analysis, found.planners, found.server(options.alias)
            )
            advice = found.advise()
    except QueryAuditError:
        for journal in journals.values():
            if not journal.found:
                journal.remove()  # there is nothing to go on with
        raise
    report = analysis.advised(analysis.report(diagnostics), advice.tried)
    if not any(output.path is None for output in config.output):
        for advised in advice_lines(report.indexes):
            print(advised.text)
        for finding in report.findings:
            if finding.rule == "QA407":
                for line in drop_lines(finding):
                    print(line)
    for diagnostic in diagnostics:
        print(clean(f"queryaudit: {diagnostic.message} {diagnostic.hint}"), file=sys.stderr)
    unwritten = written(report, config)
    if advice.interruption:
        kept = " and ".join(str(journal.path) for journal in journals.values())
        goes_on = f" {kept} has what was found: the same command goes on." if kept else ""
        print(f"queryaudit: Not all was tried: {advice.interruption}.{goes_on}", file=sys.stderr)
        return ExitCode.INTERRUPTED
    for journal in journals.values():
        journal.remove()
    return ExitCode.USAGE if unwritten else ExitCode.CLEAN


def _journals(
    options: argparse.Namespace, config: Config, wanted: Sequence[Named]
) -> dict[str, Journal]:
    """What an earlier run found that broke off: beside the first report, or named. One for each
    database."""
    from queryaudit.proof.journal import Journal

    beside = next((output.path for output in config.output if output.path is not None), None)
    path = Path(options.state or (f"{beside}.state" if beside else "queryaudit-advise.state"))
    found = {}
    for alias, where in wanted:
        about = _about(where)
        if (isinstance(where, str) and not (options.scratch or _is_file(where))) or not about:
            continue
        own = path if len(wanted) == 1 else path.with_name(f"{path.name}.{alias}")
        journal = found[alias] = Journal(own, f"{about} {alias}")
        if journal.found:
            _told(f"going on from {own}: {journal.found:,} trials are known")
    return found


def _about(where: str | Path) -> str:
    """What names a database without its password, and a twin with what it is of; empty where there
    is none: that is said as it is opened."""
    from queryaudit.twin import manifest

    if isinstance(where, str):
        url = urlsplit(where)
        return f"{url.hostname or ''}{url.path}"
    return manifest.identity(where.resolve())


def _is_file(url: str) -> bool:
    """Whether a copy of all of it is ours, and nothing is made in it."""
    return urlsplit(url).scheme == "sqlite"


def _told(text: str) -> None:
    print(text, file=sys.stderr)
