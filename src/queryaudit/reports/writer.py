"""The one place that opens output files.

A report appears whole or not at all: it is written beside its destination and moved there.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from queryaudit.errors import OutputError
from queryaudit.records.report import Report
from queryaudit.reports.base import Reporter

STDOUT = "-"


def write(
    report: Report, reporter: Reporter, path: str | Path, *, stdout: TextIO | None = None
) -> None:
    """Render ``report`` to ``path`` (UTF-8, Unix newlines); ``-`` is standard output.

    Missing folders are made, an existing file is replaced in one step. Raises ``OutputError``
    if the place cannot be written, leaving what was there before.
    """
    if str(path) == STDOUT:
        stream = sys.stdout if stdout is None else stdout
        reporter.render(report, stream)
        stream.flush()
        return
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(report, reporter, target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"The {reporter.name} report could not be written to {target}: {reason}.",
            "Choose another path, or make that folder writable.",
        ) from error


def _replace(report: Report, reporter: Reporter, target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    descriptor, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name[:60]}.", suffix=".tmp"
    )
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            reporter.render(report, stream)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """The permissions a plain ``open`` would give: ``mkstemp`` makes private files."""
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
