"""One run of a test suite: its outcomes test by test, and what it cost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to start, and the files it leaves behind. An empty variable is taken away."""

    arguments: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    results: Path
    report: Path | None = None
    under_audit: bool = False


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of a command. Times are in seconds, ``cpu_s`` of all its child processes."""

    outcomes: Mapping[str, str]
    wall_s: float
    cpu_s: float
    status: int
    log: Path
    audited: Mapping[str, object] | None


def run(command: Command, log: Path) -> Run:
    """Start the command with the lowest priority and wait for it."""
    command.results.parent.mkdir(parents=True, exist_ok=True)
    for stale in (command.results, command.report, *_saved(command.results)):
        if stale is not None:
            stale.unlink(missing_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    environ = {name: value for name, value in {**os.environ, **command.environ}.items() if value}
    began, used = time.monotonic(), _children_cpu_s()
    with log.open("wb") as output:
        done = subprocess.run(
            command.arguments,
            cwd=command.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.nice(10) and None,
        )
    return Run(
        outcomes=read_outcomes(command.results),
        wall_s=time.monotonic() - began,
        cpu_s=_children_cpu_s() - used,
        status=done.returncode,
        log=log,
        audited=_read_json(command.report) or _merge_saved(command.results),
    )


def read_outcomes(results: Path) -> dict[str, str]:
    """Outcome by test from a JUnit file or a log of JSON lines; empty if there is none."""
    if not results.is_file():
        return {}
    if results.suffix == ".xml":
        return _from_junit(results)
    return _from_lines(results)


def _from_junit(results: Path) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    for case in ElementTree.parse(results).iter("testcase"):
        problems = sorted(child.tag for child in case if child.tag in PROBLEMS)
        name = f"{case.get('classname')}::{case.get('name')}"
        _add(outcomes, name, "+".join(problems) or "passed")
    return outcomes


def _from_lines(results: Path) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    for line in results.read_text().splitlines():
        row = json.loads(line)
        _add(outcomes, row["test"], row["outcome"])
    return outcomes


PROBLEMS = frozenset({"failure", "error", "skipped"})


def _add(outcomes: dict[str, str], name: str, outcome: str) -> None:
    """A name that occurs again (a test with subtests, an error in a teardown) keeps all."""
    seen = outcomes.get(name)
    outcomes[name] = outcome if seen is None else "+".join(sorted([*seen.split("+"), outcome]))


def count(outcomes: Mapping[str, str]) -> Counter[str]:
    return Counter(outcomes.values())


def _read_json(path: Path | None) -> dict[str, object] | None:
    if path is None or not path.is_file():
        return None
    loaded = json.loads(path.read_text())
    return loaded if isinstance(loaded, dict) else {"findings": loaded}


def _saved(results: Path) -> list[Path]:
    """What the processes of a run saved beside its results, a file each."""
    return sorted(results.parent.glob(f"{results.name}.*"))


def _merge_saved(results: Path) -> dict[str, object] | None:
    loaded = [json.loads(path.read_text()) for path in _saved(results)]
    if not loaded:
        return None
    return {
        "findings": sorted({each for saved in loaded for each in saved["findings"]}),
        "diagnostics": sorted({each for saved in loaded for each in saved["diagnostics"]}),
        "queries": sum(saved["queries"] for saved in loaded),
    }


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
