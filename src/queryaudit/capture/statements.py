"""Distinct statement texts, bounded: however many literals a program writes into its SQL."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from queryaudit.capture.copies import may_copy
from queryaudit.capture.executed import shared_text
from queryaudit.capture.recall import KnownText
from queryaudit.records.definitions import SqlText
from queryaudit.sql.normalise import normalise

#: Distinct statement texts recorded; queries with further ones are counted as dropped.
MAX_TEXTS = 50_000
#: Characters of a text that are recorded.
MAX_LENGTH = 200_000
#: From so many texts on, those that differ in literals alone share one after the first few.
MANY, MAX_VARIANTS = 2_000, 50


class StatementTexts(dict[str, KnownText]):
    """Texts that were met, by text. One thread adds at a time."""

    def __init__(self, ids: count[int], define: Callable[[SqlText], None]) -> None:
        super().__init__()
        self._ids = ids
        self._define = define
        #: Ids of those that may ask for one row by its key.
        self.by_key: set[int] = set()
        #: Ids of those that may give one row several times.
        self.copying: set[int] = set()
        self._shapes: dict[str, tuple[int, KnownText]] = {}

    def take(self, sql: str) -> KnownText | None:
        """The statement of a new text; None if there are too many already."""
        sql = shared_text(sql)
        known = self.get(sql)
        if known is not None:
            return known
        shape = normalise(sql) if len(self) >= MANY else None
        variants, first = self._shapes.get(shape, (0, None)) if shape else (0, None)
        if first is not None and variants >= MAX_VARIANTS:
            return first
        if len(self) >= MAX_TEXTS:
            return None
        known = self[sql] = KnownText(next(self._ids), sql)
        if shape:
            self._shapes[shape] = (variants + 1, first or known)
        if asks_for_one(sql):
            self.by_key.add(known.id)
        if may_copy(sql):
            self.copying.add(known.id)
        self._define(SqlText(known.id, sql))
        return known


def asks_for_one(sql: str) -> bool:
    """Whether it looks like ``get(pk=...)``: analysis knows better, and this is cheap."""
    return (
        sql.startswith("SELECT ")
        and sql.endswith((" = %s LIMIT 21", " LIMIT 1"))
        and sql.count("%s") == 1
        and " JOIN " not in sql
    )
