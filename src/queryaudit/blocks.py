"""``audit()`` and ``ignore()``: auditing a block of code, and silencing a rule for one."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from contextvars import Token
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeVar

from queryaudit.analysis.settings import Unused
from queryaudit.capture.scopes import CURRENT, IGNORING, ActiveIgnore, Scope
from queryaudit.config import Config
from queryaudit.integrations.django_entrances import Entrances
from queryaudit.judging import Analysis
from queryaudit.project import project_config
from queryaudit.records.findings import Finding
from queryaudit.records.kinds import FrameKind, ScopeKind
from queryaudit.records.report import Report
from queryaudit.runtime import Session

_F = TypeVar("_F", bound=Callable[..., Any])


class Audit:
    """A block under audit, and its report once the block has ended.

    ``with queryaudit.audit() as audited: ...`` and ``async with`` alike. Requests and management
    commands in the block are units of work of their own. Inside a project's test run the block is
    part of that run as well.
    """

    def __init__(self, name: str, config: Config, caller: FrameType | None) -> None:
        self.name = name
        self._config = config
        self._caller = caller.f_code.co_filename if caller is not None else None
        self._base: tuple[CodeType, int] | None = None
        self._analysis = Analysis(config)
        self._session: Session | None = None
        self._entrances: Entrances | None = None
        self._scope: Scope | None = None
        self._token: Token[Scope | None] | None = None
        self._report: Report | None = None
        self._explains = False

    def __enter__(self) -> Audit:
        frame = sys._getframe(1)
        self._base = (frame.f_code, frame.f_lineno)
        return self._start()

    def _start(self) -> Audit:
        if self._scope is not None or self._report is not None:
            raise RuntimeError("This audit was used already; call queryaudit.audit() for each.")
        own = Session(self._config)
        session = self._session = own.open()
        try:
            if session is own:
                self._entrances = Entrances(session)
                self._entrances.install()
                if self._config.trace is not None:
                    session.write_trace(self._config.trace)
            self._take_in_caller(session)
            self._explains = session.explain(self._config.explain)
            engine = self._analysis.engine(session.hub.tables, judge_tests=True)
            with session.recorder.lock, session.hub.listening(engine):
                self._scope = session.recorder.start(
                    ScopeKind.BLOCK, self.name, parent=CURRENT.get(), base=self._base
                )
        except BaseException:  # nobody will leave a block that was never entered
            self._leave(session)
            raise
        self._token = CURRENT.set(self._scope)
        return self

    def _leave(self, session: Session) -> None:
        self._session = None
        if self._explains:
            session.recorder.sampler = None
        if self._entrances is not None:
            self._entrances.uninstall()
        session.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session, scope = self._session, self._scope
        if session is None or scope is None:
            return
        if self._token is not None:
            try:
                CURRENT.reset(self._token)
            except ValueError:  # ended in another task than it began in
                CURRENT.set(None)
        self._scope = None
        try:
            session.recorder.end(scope)
        finally:
            self._leave(session)
        self._report = self._analysis.report(session.diagnostics(), unused=Unused.ENTERED)

    async def __aenter__(self) -> Audit:
        # The awaiting frame is the caller of this coroutine while it runs.
        frame = sys._getframe(1)
        self._base = (frame.f_code, frame.f_lineno)
        return self._start()

    async def __aexit__(self, *details: Any) -> None:
        self.__exit__(*details)

    @property
    def report(self) -> Report:
        """The report. Raises RuntimeError while the block is still running."""
        if self._report is None:
            raise RuntimeError("The audited block has not ended; read the report after it.")
        return self._report

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.report.findings

    @property
    def queries(self) -> int:
        """How many queries the block ran."""
        return self.report.audited.queries

    def __str__(self) -> str:
        from io import StringIO

        from queryaudit.reports.base import Options
        from queryaudit.reports.terminal import TerminalReporter

        stream = StringIO()
        TerminalReporter(Options(color=False)).render(self.report, stream)
        return stream.getvalue()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the report to a file whose suffix says the format: .html, .json, .md, .sarif,
        .xml (JUnit) or .txt.

        Raises OutputError if the format is unknown or the place can't be written.
        """
        from queryaudit.reports.registry import get, name_for
        from queryaudit.reports.writer import write

        write(self.report, get(name_for(os.fspath(path))), os.fspath(path))

    def print(self) -> None:
        """Print the report to standard output, as ``queryaudit report`` would."""
        from queryaudit.reports.base import Options
        from queryaudit.reports.terminal import TerminalReporter

        TerminalReporter(Options()).render(self.report, sys.stdout)

    def _take_in_caller(self, session: Session) -> None:
        """A script outside the configured source is the code that is meant all the same."""
        name = self._caller
        if name is None or self._config.source != (".",):
            return
        if name.startswith("<"):
            session.files.take(name)
            return
        if session.files(name).kind is FrameKind.LIBRARY and "site-packages" not in name:
            session.files.add_root(os.path.dirname(os.path.realpath(name)))


def audit(name: str | None = None, *, config: Config | None = None, **options: Any) -> Audit:
    """Audit a block of code.

    ``options`` are configuration options with underscores (``n_plus_one_threshold=3``); they go
    over what pyproject.toml, the settings and the environment say. Raises ConfigError if one of
    them is wrong.

        with queryaudit.audit() as audited:
            list(view_data())
        assert not audited.findings
    """
    if config is None:
        named = {key.replace("_", "-"): value for key, value in options.items()}
        config = project_config(named, flags_name="audit()")
    frame = sys._getframe(1)
    return Audit(name or _block_name(frame), config, frame)


def _block_name(frame: FrameType) -> str:
    """The function that the block stands in, or its file."""
    name = frame.f_code.co_name
    return os.path.basename(frame.f_code.co_filename) if name == "<module>" else name


class ignore:  # noqa: N801 - reads as a function at its call sites
    """Silence rules for a block or a function, with the reason.

    ``with queryaudit.ignore("QA103", reason="...")`` or as a decorator of a function or coroutine
    function. Codes may be prefixes (``QA1``); without codes every rule is silenced. What was
    ignored is counted in the report, and an ignore that suppresses nothing is reported.
    """

    def __init__(self, *codes: str, reason: str = "") -> None:
        for code in codes:
            if not (code.startswith("QA") and code[2:].isdigit()):
                raise ValueError(f"{code!r} is no rule code; write ignore('QA101', reason='...').")
        frame = sys._getframe(1)
        self._codes = codes
        self._reason = reason
        self._path = frame.f_code.co_filename
        self._line = frame.f_lineno
        self._optional = False
        self._tokens: list[Token[ActiveIgnore | None]] = []

    def at(self, path: str, line: int, *, optional: bool = False) -> ignore:
        """Say where the ignore is written, if not here; ``optional`` ones may go unused."""
        self._path, self._line, self._optional = path, line, optional
        return self

    def __enter__(self) -> ignore:
        active = ActiveIgnore(
            self._codes,
            self._reason,
            self._path,
            self._line,
            IGNORING.get(),
            optional=self._optional,
        )
        scope = CURRENT.get()
        if scope is not None:
            scope.recorder.ignores.id(active)
        self._tokens.append(IGNORING.set(active))
        return self

    def __exit__(self, *details: Any) -> None:
        token = self._tokens.pop()
        try:
            IGNORING.reset(token)
        except ValueError:  # a generator that another task closes: its own context goes with it
            pass

    async def __aenter__(self) -> ignore:
        return self.__enter__()

    async def __aexit__(self, *details: Any) -> None:
        self.__exit__()

    def __call__(self, function: _F) -> _F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await function(*args, **kwargs)

            return awaited  # type: ignore[return-value]

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return called  # type: ignore[return-value]

    def _again(self) -> ignore:
        """A twin for one call: calls may overlap in threads and tasks."""
        twin = ignore(*self._codes, reason=self._reason)
        return twin.at(self._path, self._line, optional=self._optional)
