"""The ``queryaudit`` command: reports from saved traces, and the rules explained.

Works with Django not installed: a trace is complete in itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from queryaudit import __version__
from queryaudit.commands import advise, explain, locks, prove_deadlock, report, twin
from queryaudit.errors import ExitCode, QueryAuditError
from queryaudit.registry import Registry
from queryaudit.reports.clean import clean, clean_lines
from queryaudit.rulepages import rule_list, rule_page


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
        print(*clean_lines(f"queryaudit: {error}"), sep="\n", file=sys.stderr)
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
    report.add_to(commands.add_parser("report", help="Report on saved traces, one or many."))
    explain.add_to(
        commands.add_parser(
            "explain", help="Draw the plans of a trace's statements, and report on them."
        )
    )
    advise.add_to(commands.add_parser("advise", help="Say which indexes a trace's workload needs."))
    twin.add_to(
        commands.add_parser("twin", help="Make a server of our own that plans as production does.")
    )
    prove_deadlock.add_to(
        commands.add_parser(
            "prove-deadlock", help="Replay transactions that could deadlock against each other."
        )
    )
    locks.add_to(commands.add_parser("locks", help="Show who waits for whom on the server."))
    scan_parser = commands.add_parser(
        "scan", help="Look for unsafe SQL text in source code, also where no test runs."
    )
    report.add_scan_to(scan_parser)
    rules = commands.add_parser("rules", help="List the rules.")
    rules.set_defaults(run=_rules)
    rule = commands.add_parser("rule", help="Explain a rule.")
    rule.add_argument("code", help="Code or name, as in QA101 or lazy-relation-in-loop.")
    rule.set_defaults(run=_rule)
    return parser


def _rules(_: argparse.Namespace) -> ExitCode:
    registry = Registry()
    print(rule_list([d.rule() for d in registry.rules.values()]))
    for diagnostic in registry.diagnostics:
        print(clean(f"queryaudit: {diagnostic.message} {diagnostic.hint}"), file=sys.stderr)
    return ExitCode.CLEAN


def _rule(options: argparse.Namespace) -> ExitCode:
    print(rule_page(Registry().rule(options.code)))
    return ExitCode.CLEAN


if __name__ == "__main__":
    sys.exit(main())
