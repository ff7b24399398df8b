"""Counts instructions: what capture adds to bare Django, exactly, whatever else runs here.

    python -m benchmarks.instructions [--python PYTHON ...] [--variant NAME ...]

Needs valgrind. Exits with 1 when a number is over what ``budgets.toml`` allows.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.budgets import Budget, budgets, verdict
from benchmarks.tables import table

_ROOT = Path(__file__).resolve().parent.parent
_SUMMARY = re.compile(r"^summary: (\d+)", re.MULTILINE)
_VARIANTS = ("bare", "debug", "outside", "capture", "audit")

#: Instructions of one query of a workload, or of one row, by name.
Counts = dict[str, float]


def count(python: str, variant: str) -> Counts:
    """Run one variant under callgrind."""
    # This checkout, whichever one is installed.
    path = os.pathsep.join((str(_ROOT / "src"), str(_ROOT)))
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "valgrind", "--tool=callgrind", "--dump-before=getsid", "--quiet",
            f"--callgrind-out-file={folder}/out", python, "-m", "benchmarks.probe", variant,
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        dumps = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [_total(path) for path in dumps]
    return _assign(json.loads(done.stdout), totals)


def _total(path: Path) -> int:
    found = _SUMMARY.search(path.read_text())
    if found is None:
        raise SystemExit(f"{path} has no summary; which callgrind is this?")
    return int(found.group(1))


def _assign(plan: list[tuple[str, str, int]], totals: list[int]) -> Counts:
    """Divide the sections between marks by what was done in them; before each is a warm-up."""
    counts: Counts = {}
    sections = iter(totals)
    for unit, name, number in plan:
        next(sections)  # what came before
        if unit == "query":
            _warmup, measured = next(sections), next(sections)
            counts[name] = measured / number
        else:
            _warmup, _warmup, half, full = (next(sections) for _ in range(4))
            counts[name] = (full - half) / number
    return counts


def _versions(python: str) -> tuple[str, str]:
    code = "import sys, django; print('%d.%d' % sys.version_info[:2], django.__version__)"
    done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    python_version, django_version = done.stdout.split()
    return python_version, ".".join(django_version.split(".")[:2])


def _report(python: str, variants: list[str]) -> list[Budget]:
    python_version, django_version = _versions(python)
    counted = {variant: count(python, variant) for variant in ("bare", *variants)}
    bare = counted.pop("bare")
    rows = [
        (name, f"{base:,.0f}", *(f"{counts[name] - base:+,.0f}" for counts in counted.values()))
        for name, base in bare.items()
    ]
    print(f"\nInstructions, Python {python_version}, Django {django_version}\n")
    print(table(("", "bare", *counted), rows), flush=True)
    over = []
    for budget in budgets("instructions", django_version):
        found = counted.get(budget.variant)
        if found is not None:
            added = found[budget.name] - bare[budget.name]
            if not verdict(budget, added):
                over.append(budget)
    return over


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", action="append", help="interpreters, each with its own Django")
    parser.add_argument("--variant", action="append", choices=_VARIANTS[1:])
    options = parser.parse_args()
    over: list[Budget] = []
    for python in options.python or [sys.executable]:
        over += _report(python, options.variant or list(_VARIANTS[1:]))
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
