"""A scope of the real capture whose events a test can look at."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextvars import Token
from pathlib import Path
from types import TracebackType

from queryaudit.blocks import project_config
from queryaudit.capture.scopes import CURRENT, Scope
from queryaudit.config import Config
from queryaudit.records.definitions import (
    Access,
    Frame,
    Origin,
    Stack,
)
from queryaudit.records.events import (
    Fetch,
    Hydration,
    Occurrence,
    Query,
    ScopeEnd,
    ScopeStart,
)
from queryaudit.records.kinds import ScopeKind
from queryaudit.runtime import Session

ROOT = Path(__file__).resolve().parents[2]


def config_of(**options: object) -> Config:
    """The project's configuration, in which tests are code like any other and nothing of ours
    fails in silence."""
    chosen = {"test-files": [], "strict": True}
    chosen.update({name.replace("_", "-"): value for name, value in options.items()})
    return project_config(chosen, start=ROOT)


class Events:
    """Listens to a session as an engine does, and keeps everything."""

    def __init__(self) -> None:
        self.started: list[ScopeStart] = []
        self.occurrences: list[Occurrence] = []
        self.ended: list[ScopeEnd] = []

    def start(self, event: ScopeStart) -> None:
        self.started.append(event)

    def record(self, occurrences: Sequence[Occurrence]) -> None:
        self.occurrences.extend(occurrences)

    def end(self, event: ScopeEnd) -> None:
        self.ended.append(event)


class Recording:
    """``with Recording() as seen: ...``, then ``seen.queries`` and what belongs to each.

    What the block runs belongs to one scope; what calls the block is not part of it.
    """

    def __init__(self, **options: object) -> None:
        self._config = config_of(**options)
        self.events = Events()
        self.session: Session
        self.scope: Scope
        self._token: Token[Scope | None]

    def __enter__(self) -> Recording:
        caller = sys._getframe(1)
        return self._start((caller.f_code, caller.f_lineno))

    async def __aenter__(self) -> Recording:
        caller = sys._getframe(1)
        return self._start((caller.f_code, caller.f_lineno))

    def _start(self, base: tuple[object, int]) -> Recording:
        self.session = Session(self._config).open()
        self.session.hub.listen(self.events)  # type: ignore[arg-type]
        self.scope = self.session.recorder.start(
            ScopeKind.BLOCK,
            "block",
            parent=CURRENT.get(),
            base=base,  # type: ignore[arg-type]
        )
        self._token = CURRENT.set(self.scope)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        CURRENT.reset(self._token)
        try:
            self.session.recorder.end(self.scope)
        finally:
            self.session.close()

    async def __aexit__(self, *details: object) -> None:
        self.__exit__(None, None, None)

    @property
    def queries(self) -> list[Query]:
        return [event for event in self.events.occurrences if isinstance(event, Query)]

    @property
    def fetches(self) -> list[Fetch]:
        return [event for event in self.events.occurrences if isinstance(event, Fetch)]

    @property
    def hydrations(self) -> list[Hydration]:
        return [event for event in self.events.occurrences if isinstance(event, Hydration)]

    @property
    def errors(self) -> Counter[str]:
        return self.session.recorder.errors

    def text(self, query: Query) -> str:
        return self.session.hub.tables.sql[query.sql].text

    @property
    def texts(self) -> list[str]:
        return [self.text(query) for query in self.queries]

    def stack(self, query: Query) -> Stack:
        return self.session.hub.tables.stacks[query.stack]

    def site(self, query: Query) -> Frame:
        """The innermost frame of a query's stack."""
        return self.stack(query).frames[0]

    def access(self, query: Query) -> Access | None:
        return None if query.access is None else self.session.hub.tables.accesses[query.access]

    def origin(self, query: Query) -> Origin | None:
        access = self.access(query)
        if access is None or access.origin is None:
            return None
        return self.session.hub.tables.origins[access.origin]

    def path(self, query: Query) -> str | None:
        """Where a query came from: ``Book.author__publisher`` (eager steps with a plus)."""
        access, origin = self.access(query), self.origin(query)
        if access is None or not access.path:
            return None
        steps = "__".join(("+" if step.eager else "") + step.name for step in access.path)
        return f"{origin.model.rpartition('.')[2] if origin else '?'}.{steps}"

    @property
    def paths(self) -> Counter[str | None]:
        """How many queries each path caused."""
        return Counter(self.path(query) for query in self.queries)

    def about(self, table: str) -> list[Query]:
        """The queries whose text names ``table``."""
        return [query for query in self.queries if f'"{table}"' in self.text(query)]
