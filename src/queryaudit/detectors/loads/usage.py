"""The fold of the rules that ask what was read of the rows that were loaded (deep mode)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryaudit.detectors.base import View
from queryaudit.detectors.places import editable, evaluated_at
from queryaudit.records.events import Fetch, Frame, FrameKind, Model, Origin, Query, Stack, Usage
from queryaudit.sql.statement import Statement


class UsageFold:
    """Rows by statement and stack, and what was read of them by origin."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], int] = {}
        self._ignored: dict[tuple[int, int], int | None] = {}
        self._usages: list[Usage] = []

    def add(self, query: Query) -> None:
        self._ignored[query.sql, query.stack] = query.ignored

    def fetch(self, fetch: Fetch) -> None:
        key = (fetch.sql, fetch.stack)
        self._rows[key] = self._rows.get(key, 0) + fetch.rows

    def usage(self, usage: Usage) -> None:
        self._usages.append(usage)

    def sources(self, view: View) -> Iterator[Source]:
        """The querysets under audit whose rows were read, or not, in this scope."""
        for usage in self._usages:
            if usage.path:
                continue
            origin = view.tables.origins[usage.origin]
            stack = view.tables.stacks[origin.stack]
            evaluated = evaluated_at(stack.frames, view)
            frame = editable((origin.built, evaluated), view)
            if frame is None or frame.kind is FrameKind.TEMPLATE:
                continue
            key = (origin.sql, origin.stack)
            yield Source(
                usage=usage,
                below=tuple(
                    other for other in self._usages if other.origin == usage.origin and other.path
                ),
                origin=origin,
                statement=view.statements.of(view.tables.sql[origin.sql].text),
                stack=stack,
                frame=frame,
                evaluated=evaluated if evaluated != frame else None,
                rows=self._rows.get(key, 0),
                model=view.tables.models.get(origin.model),
                ignored=self._ignored.get(key),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A queryset, and what was read of its rows in one scope."""

    usage: Usage
    below: tuple[Usage, ...]  #: of the rows at the end of each path
    origin: Origin
    statement: Statement
    stack: Stack
    frame: Frame  #: where to edit
    evaluated: Frame | None
    rows: int  #: fetched from two on, over all evaluations
    model: Model | None
    ignored: int | None

    @property
    def place(self) -> tuple[str, ...]:
        """The queryset in words that outlive moved lines."""
        frame = self.frame
        return (frame.path, frame.function, self.origin.model, self.statement.fingerprint)
