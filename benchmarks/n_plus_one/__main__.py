"""Prints what each tool finds, and exits with 1 if queryaudit is wrong anywhere.

python -m benchmarks.n_plus_one [--python TOOL=INTERPRETER]...
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping

_TOOLS = ("queryaudit", "django-zeal", "nplusone")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="TOOL=INTERPRETER",
        help="for a tool that does not work on this version of Django",
    )  # fmt: skip
    given = dict(each.split("=", 1) for each in parser.parse_args().python)
    found = {tool: _found(tool, given.get(tool, sys.executable)) for tool in _TOOLS}
    print(tables(found))
    own = found["queryaudit"]
    return int(not own or any(own[name] != expected(name) for name in own))


def _found(tool: str, python: str) -> dict[str, bool]:
    command = [python, "-m", "benchmarks.n_plus_one.watching", tool]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"{tool}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return {}
    loaded: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
    return loaded


def expected(name: str) -> bool:
    """Whether a tool should have something to say of the case."""
    return not name.startswith("once_")


def tables(found: Mapping[str, Mapping[str, bool]]) -> str:
    """The totals, and the cases in which not all tools are right."""
    names = list(next(iter(found.values())))
    lines = _header("cases", found)
    for kind, right in (("repeats", "found"), ("unused", "found"), ("once", "silent")):
        of_kind = [name for name in names if name.startswith(f"{kind}_")]
        counts = [
            sum(said.get(name) == expected(name) for name in of_kind) for said in found.values()
        ]
        cells = " | ".join(f"{right} {count} of {len(of_kind)}" for count in counts)
        lines.append(f"| `{kind}_` | {cells} |")
    lines += ["", *_header("case", found)]
    for name in names:
        cells_of = [_cell(name, said.get(name)) for said in found.values()]
        if any(cell.startswith("**") for cell in cells_of):
            lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells_of)} |")
    return "\n".join(lines)


def _header(first: str, found: Mapping[str, object]) -> list[str]:
    return [f"| {first} | {' | '.join(found)} |", "| --- |" + " --- |" * len(found)]


def _cell(name: str, said: bool | None) -> str:
    if said is None:
        return "did not run"
    if said == expected(name):
        return "found" if said else "silent"
    return "**false**" if said else "**missed**"


if __name__ == "__main__":
    sys.exit(main())
