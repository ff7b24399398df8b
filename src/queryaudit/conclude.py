"""From a report to a verdict: baseline, exit code, written reports. For the CLI and pytest."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from queryaudit.config import Config
from queryaudit.errors import BaselineError, ExitCode, OutputError, QueryAuditError
from queryaudit.gate import baseline as baselines
from queryaudit.gate.ratchet import update
from queryaudit.gate.verdict import exit_code, judge
from queryaudit.records.report import Report
from queryaudit.reports.base import Options
from queryaudit.reports.registry import get
from queryaudit.reports.wording import count
from queryaudit.reports.writer import STDOUT, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """A report with its verdict, what the process returns, and what was done with files."""

    report: Report
    exit_code: ExitCode
    notes: tuple[str, ...]
    #: What is wrong with the baseline: the report was judged as if there were none.
    problems: tuple[QueryAuditError, ...] = ()


def conclude(
    report: Report,
    config: Config,
    *,
    partial: bool,
    update_baseline: bool = False,
    accept_new: bool = False,
    missing: bool = False,
) -> Conclusion:
    """Judge ``report`` by the project's baseline; with ``update_baseline`` write that first.

    ``missing``: tests ran of which nothing could be written down.
    A baseline that can't be read or written costs the verdict, and not what a run has found.
    """
    notes: list[str] = []
    problems: list[QueryAuditError] = []
    path = config.baseline
    entries = None
    try:
        entries = baselines.load(path) if path is not None else None
    except BaselineError as error:
        problems.append(error)
    # Rules that did not run have not looked for what the baseline knows of them.
    partial = partial or bool(config.select or config.ignore)
    if any(diagnostic.leaves_out for diagnostic in report.diagnostics):
        # What is not seen may be there all the same: nothing is gone, no ignore is unused.
        partial, report = True, replace(report, unused_ignores=())
    if path is not None and (update_baseline or accept_new) and not problems:
        updated = update(entries or (), report, accept_new=accept_new, complete=not partial)
        try:
            baselines.save(path, updated)
        except BaselineError as error:
            problems.append(error)
        else:
            notes.append(f"{_shown(path)}: {count(len(updated), 'known cause')}.")
            entries = updated
    gate = judge(
        report,
        entries,
        config.fail_on,
        partial,
        baseline=_shown(path) if path is not None and entries is not None else None,
    )
    judged = replace(report, gate=gate)
    return Conclusion(
        report=judged,
        exit_code=ExitCode.USAGE if problems else exit_code(judged, gate, missing=missing),
        notes=tuple(notes),
        problems=tuple(problems),
    )


def write_outputs(
    report: Report, config: Config, stdout: TextIO | None = None
) -> tuple[list[str], list[OutputError]]:
    """Write the reports that the configuration asks for: notes, and what could not be written."""
    notes: list[str] = []
    problems: list[OutputError] = []
    for output in config.output:
        target = STDOUT if output.path is None else str(output.path)
        try:
            write(report, get(output.format, Options()), target, stdout=stdout)
        except OutputError as error:
            problems.append(error)
            continue
        if output.path is not None:
            notes.append(f"{output.format} report: {_shown(output.path)}")
    return notes, problems


def _shown(path: Path) -> str:
    """``path`` relative to the working directory where it lies below it."""
    try:
        return os.fspath(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return os.fspath(path)
