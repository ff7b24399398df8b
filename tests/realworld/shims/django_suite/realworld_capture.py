"""queryaudit's capture around each test of Django's suite. The one place that knows its API."""

from __future__ import annotations

import contextlib
import json
import multiprocessing.util
import os
from collections.abc import Iterator
from pathlib import Path


class Capture:
    """Hooks installed once, before workers are forked; a scope for each test."""

    def __init__(self) -> None:
        from queryaudit.blocks import project_config
        from queryaudit.judging import Analysis
        from queryaudit.runtime import Session

        config = project_config({"source": ["."], "test-files": []})
        self._analysis = Analysis(config)
        self._session = Session(config).open()
        engine = self._analysis.engine(self._session.hub.tables, judge_tests=True)
        self._session.hub.listen(engine)
        self._process = os.getpid()

    @contextlib.contextmanager
    def scope(self, name: str) -> Iterator[None]:
        from queryaudit.capture.scopes import CURRENT, entered
        from queryaudit.records.kinds import ScopeKind

        if os.getpid() != self._process:
            self._process = os.getpid()
            multiprocessing.util.Finalize(None, self.save, exitpriority=10)
        recorder = self._session.recorder
        scope = recorder.start(ScopeKind.TEST, name, parent=CURRENT.get())
        try:
            with entered(scope):
                yield
        finally:
            recorder.end(scope)

    def save(self) -> None:
        """Write what this process found beside the results."""
        report = self._analysis.report(self._session.diagnostics())
        path = Path(f"{os.environ['REALWORLD_RESULTS']}.{os.getpid()}")
        saved = {
            "findings": sorted({finding.fingerprint for finding in report.findings}),
            "codes": [finding.rule for finding in report.findings],
            "queries": report.audited.queries,
            "diagnostics": [
                f"{diagnostic.slug}: {diagnostic.message} ({diagnostic.count})"
                for diagnostic in report.diagnostics
            ],
        }
        path.write_text(json.dumps(saved))
