"""Audits docs/example, and shows its report as README.md prints it.

The report is real. Only its durations are replaced, as they differ from run to run.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from docs.blocks import replaced
from queryaudit.records.findings import Finding
from queryaudit.records.report import Report
from queryaudit.reports.base import Options
from queryaudit.reports.json_ import load
from queryaudit.reports.terminal import TerminalReporter

EXAMPLE = Path(__file__).with_name("example")
WIDTH = 106
#: What a query takes in the documentation.
QUERY_NS = 100_000


def can_run() -> bool:
    """Python 3.10 does not know columns, so its report marks whole statements."""
    return sys.version_info >= (3, 11)


def audit() -> Report:
    """Run the example's tests under ``--queryaudit``. RuntimeError if that fails."""
    ours = ("DJANGO_", "QUERYAUDIT_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "report.json")
        command = [sys.executable, "-m", "pytest", "--queryaudit", f"--queryaudit-output={target}"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", "-p", "no:randomly"],
            cwd=EXAMPLE,
            env={**kept, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if not target.is_file():
            raise RuntimeError(f"The example could not be audited:\n{done.stdout}{done.stderr}")
        return normalised(load(target.read_text(encoding="utf-8")))


def normalised(report: Report) -> Report:
    """``report`` as if each query had taken the same time."""
    audited = replace(report.audited, duration_ns=report.audited.queries * QUERY_NS)
    return replace(
        report,
        audited=audited,
        findings=tuple(_normalised(finding) for finding in report.findings),
        scopes=tuple(replace(s, duration_ns=s.queries * QUERY_NS) for s in report.scopes),
        statements=tuple(replace(s, duration_ns=s.calls * QUERY_NS) for s in report.statements),
    )


def _normalised(finding: Finding) -> Finding:
    fix = finding.fix
    if fix is not None and fix.saving is not None:
        saving = replace(fix.saving, duration_ns=fix.saving.queries * QUERY_NS)
        fix = replace(fix, saving=saving)
    return replace(
        finding,
        duration_ns=finding.queries * QUERY_NS,
        causes=tuple(replace(c, duration_ns=c.queries * QUERY_NS) for c in finding.causes),
        scopes=tuple(replace(s, duration_ns=s.queries * QUERY_NS) for s in finding.scopes),
        fix=fix,
    )


def text(report: Report, *, color: bool = False) -> str:
    stream = io.StringIO()
    TerminalReporter(Options(color=color, width=WIDTH)).render(report, stream)
    return stream.getvalue()


def readme(current: str) -> str:
    """README's text with its block of output replaced by what the example prints now."""
    output = text(audit()).rstrip()
    return replaced(current, "demo", f"```text\n$ pytest --queryaudit\n...\n{output}\n```")
