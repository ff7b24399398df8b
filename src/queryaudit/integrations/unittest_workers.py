"""``manage.py test --parallel``: each worker records into a trace, which the runner reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from django.test.runner import ParallelTestSuite, RemoteTestRunner

from queryaudit.integrations.django_entrances import Entrances
from queryaudit.integrations.unittest_cases import audited
from queryaudit.integrations.worker_traces import begun
from queryaudit.project import project_config
from queryaudit.records.findings import Diagnostic
from queryaudit.runtime import Session

#: What a worker has to say goes the way of its tests' results.
_EVENT = "queryaudit"


@dataclass(frozen=True, slots=True)
class RecordingRunners:
    """Makes the runners of the workers. It is sent to them, however they were started."""

    folder: Path
    run: str
    flags: Mapping[str, object]

    def __call__(self, **options: Any) -> RemoteTestRunner:
        return _RecordingRunner(_Worker.of(self), **options)


class _Worker:
    """Capture in a worker, from its first tests to its end."""

    _here: _Worker | None = None

    def __init__(self, given: RecordingRunners) -> None:
        config = project_config(dict(given.flags))
        self.session = Session(config, run=given.run).open()
        self.session.explain(config.explain)
        self.unwritten = begun(self.session, given.folder)
        self._entrances = Entrances(self.session)
        self._entrances.install()

    @classmethod
    def of(cls, given: RecordingRunners) -> _Worker:
        if cls._here is None:
            cls._here = cls(given)
            Finalize(None, cls._here.stop, exitpriority=10)
        return cls._here

    def stop(self) -> None:
        self._entrances.uninstall()
        self.session.close()


class _RecordingRunner(RemoteTestRunner):
    def __init__(self, worker: _Worker, **options: Any) -> None:
        super().__init__(**options)
        self._worker = worker

    def run(self, test: Any) -> Any:
        session = self._worker.session
        audited(test, session.recorder)
        result = super().run(test)
        session.recorder.flush()
        told = (*self._worker.unwritten, *session.diagnostics())
        said = [(d.slug, d.message, d.hint, d.count) for d in told]
        result.events.append((_EVENT, -1, session.header.process, said))
        return result


class RecordingSuite(ParallelTestSuite):
    """Django's parallel suite, with what workers say of the capture by worker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._said: dict[str, list[Diagnostic]] = {}

    def record(self, runners: RecordingRunners) -> None:
        """Let ``runners`` run the tests, which are called as the class is that they stand for."""
        self.runner_class = runners  # type: ignore[assignment]

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return [diagnostic for said in self._said.values() for diagnostic in said]

    def handle_event(self, result: Any, tests: Any, event: Any) -> None:
        if event[0] != _EVENT:
            super().handle_event(result, tests, event)
            return
        _, _, process, said = event
        self._said[process] = [
            Diagnostic(slug=slug, message=message, hint=hint, count=count)
            for slug, message, hint, count in said
        ]
