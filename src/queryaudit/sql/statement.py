"""What analysis knows about one statement, read once from its text."""

from __future__ import annotations

from dataclasses import dataclass

from queryaudit.sql.clauses import Clauses, binds_list
from queryaudit.sql.fingerprint import digest
from queryaudit.sql.locks import RowLock, locks_table, row_lock
from queryaudit.sql.normalise import brackets, render, simplify
from queryaudit.sql.shape import Shape, shape_of
from queryaudit.sql.tables import named_tables
from queryaudit.sql.tokens import tokenise
from queryaudit.sql.verbs import Verb, main_verb
from queryaudit.sql.writes import Write, read_write


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Facts about a statement's text. ``truncated``: only its beginning was read."""

    normalised: str
    fingerprint: str
    verb: Verb
    tables: tuple[str, ...]  #: unquoted last part of the names, in order of appearance
    has_limit: bool
    limit: int | None  #: None also where the limit is a parameter
    has_offset: bool
    is_aggregate_only: bool  #: COUNT, SUM, EXISTS, .. and no column, in one group
    binds_list: bool  #: asks for several values at once: a batch
    is_keyset_page: bool  #: the next rows of an order, ``a > ? .. ORDER BY a LIMIT n``
    #: Columns of a condition that only says ``a = ?`` and ``b IN (?)``; None for any other.
    compared: tuple[str, ...] | None
    is_random: bool  #: ordered by chance
    shape: Shape
    lock: RowLock | None  #: ``FOR UPDATE`` and the like
    locks_table: bool  #: ``LOCK TABLE``
    write: Write | None  #: what it writes; None for what only reads
    truncated: bool


def parse(text: str) -> Statement:
    """Read one statement. Never raises; time is linear and bounded."""
    tokens, truncated = tokenise(text)
    simplified = simplify(tokens)
    pairs = brackets(tokens)
    verb, start = main_verb(tokens, pairs)
    clauses = Clauses(tokens, pairs, start)
    has_limit, limit = clauses.limit()
    selects = verb is Verb.SELECT
    return Statement(
        normalised=render(simplified),
        fingerprint=digest(simplified),
        verb=verb,
        tables=named_tables(tokens, pairs),
        has_limit=has_limit,
        limit=limit,
        has_offset=clauses.has_offset(),
        is_aggregate_only=selects and clauses.is_aggregate_only(),
        binds_list=binds_list(tokens, pairs),
        is_keyset_page=selects and clauses.is_keyset_page(),
        compared=clauses.compared(),
        is_random=selects and clauses.is_random(),
        shape=shape_of(tokens, pairs, clauses),
        lock=row_lock(tokens, pairs, start) if selects else None,
        locks_table=locks_table(tokens),
        write=read_write(tokens, pairs, verb, start),
        truncated=truncated,
    )


class Statements:
    """Parses each distinct text once; the least recently asked texts are forgotten first."""

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = max(1, capacity)
        self._known: dict[str, Statement] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, text: str) -> Statement:
        """The statement's facts. Never raises."""
        statement = self._known.pop(text, None) or parse(text)
        self._known[text] = statement
        if len(self._known) > self._capacity:
            del self._known[next(iter(self._known))]
        return statement
