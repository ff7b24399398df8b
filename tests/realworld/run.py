#!/usr/bin/env python
"""Run other people's test suites without and with queryaudit.

python tests/realworld/run.py NAME... [--with-queryaudit | --compare] [--repeat N]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

from compare import compare, differences, render, render_run
from measure import Run, run
from targets import ALL, Target
from workspace import Environment, SetupError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    if options.list:
        for target in ALL.values():
            print(f"{target.name:<24} {target.about}")
        return 0
    good = True
    for name in options.names:
        try:
            good &= _drive(ALL[name], options)
        except SetupError as error:
            print(f"{name}: {error}", file=sys.stderr)
            good = False
    return 0 if good else 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="see --list")
    parser.add_argument("--list", action="store_true", help="list the suites and stop")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--with-queryaudit", action="store_true", help="one run, under queryaudit")
    how.add_argument("--compare", action="store_true", help="both, and compare test by test")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="runs of each; the fastest is shown"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in ALL]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(ALL)}")
    if not options.names and not options.list:
        parser.error("name a suite, or use --list")
    return options


def _drive(target: Target, options: argparse.Namespace) -> bool:
    made = target.prepare(under_audit=options.with_queryaudit or options.compare)
    with target.services(made) as environ:
        if not options.compare:
            under = options.with_queryaudit
            done = _run(target, made, environ, under_audit=under, repeat=options.repeat)
            print(render_run(target.name, done), flush=True)
            return bool(done.outcomes)
        without = _run(target, made, environ, under_audit=False, repeat=options.repeat)
        under = _run(target, made, environ, under_audit=True, repeat=options.repeat)
        again = None
        if differences(without.outcomes, under.outcomes):
            again = _run(target, made, environ, under_audit=False, repeat=1, label="again")
        comparison = compare(without, under, again)
        print(render(target.name, comparison), flush=True)
        return comparison.good


def _run(
    target: Target,
    made: Environment,
    environ: Mapping[str, str],
    *,
    under_audit: bool,
    repeat: int,
    label: str = "",
) -> Run:
    """The run with the least CPU time of ``repeat``; times here are noisy upwards only."""
    label = label or ("with" if under_audit else "without")
    runs = []
    for _ in range(repeat):
        command = target.command(made, environ, under_audit=under_audit, label=label)
        runs.append(run(command, target.output(label) / "output.log"))
    return min(runs, key=lambda done: done.cpu_s)


if __name__ == "__main__":
    sys.exit(main())
