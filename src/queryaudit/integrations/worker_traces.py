"""The folder that the workers of a test run write their traces to, and what is in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from queryaudit.errors import QueryAuditError, TraceError
from queryaudit.judging import Analysis
from queryaudit.records.findings import Diagnostic
from queryaudit.replay import Planner, analyse
from queryaudit.runtime import Session
from queryaudit.trace.reader import TraceReader


class WorkerTraces:
    """``kept`` is the folder where traces stay, None for one that lives as long as the run.

    Raises TraceError if it can't be a folder.
    """

    def __init__(self, kept: Path | None) -> None:
        if kept is not None and kept.suffix in (".qatrace", ".gz"):
            raise TraceError(f"several processes can't write one trace, {kept}.", "Name a folder.")
        if kept is not None:
            try:
                kept.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise TraceError(
                    f"traces can't be written to {kept}: {error.strerror}.", "Name another folder."
                ) from error
        self._temporary = None if kept is not None else tempfile.mkdtemp(prefix="queryaudit-")
        self.folder = Path(kept or self._temporary or ".")
        self._before = set(self.folder.glob("*")) if kept is not None else set()

    def analysed(self, analysis: Analysis, planner: Planner | None = None) -> list[Diagnostic]:
        """Feed ``analysis`` the traces of this run; what is wrong with them is returned."""
        try:
            if not self.folder.is_dir():
                return []
            written = sorted(set(self.folder.glob("*.qatrace*")) - self._before)
            left_out = [problem for path in written if (problem := _problem(path)) is not None]
            broken = {path for path, _ in left_out}
            readable = [path for path in written if path not in broken]
            return [*(told for _, told in left_out), *analyse(readable, analysis, planner)]
        finally:
            if self._temporary is not None:
                shutil.rmtree(self._temporary, ignore_errors=True)


def begun(session: Session, folder: Path) -> list[Diagnostic]:
    """Let a worker write its trace. Its tests run as well where it can't, as on a full disk."""
    try:
        session.write_trace(folder)
    except QueryAuditError as error:
        message = f"A worker's tests are missing: {error.message}"
        return [Diagnostic(slug="trace-incomplete", message=message, hint=error.hint)]
    return []


def _problem(path: Path) -> tuple[Path, Diagnostic] | None:
    """What is wrong with a trace whose worker died, or met a full disk, as it began."""
    try:
        TraceReader(path)
    except TraceError as error:
        return path, Diagnostic(slug="trace-left-out", message=error.message, hint=error.hint)
    return None


def is_missing(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether a worker says that it could not write down what its tests did."""
    return any(diagnostic.slug == "trace-incomplete" for diagnostic in diagnostics)


def merged(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Workers have the same troubles: each once, with the sum of their counts."""
    counts: dict[tuple[str, str, str], int] = {}
    for d in diagnostics:
        key = (d.slug, d.message, d.hint)
        counts[key] = counts.get(key, 0) + d.count
    return [
        Diagnostic(slug=slug, message=message, hint=hint, count=count)
        for (slug, message, hint), count in sorted(counts.items())
    ]
