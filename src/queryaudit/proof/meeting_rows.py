"""The rows that the transactions of a replay know: those in which they meet, and their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from queryaudit.proof.tables import Schema

#: Values of new rows, and of keys that are changed, begin here.
_NEW = 2000
#: The row that a moved reference comes from.
ELSEWHERE = 9


@dataclass(slots=True)
class Rows:
    """The rows that a transaction of a replay knows: those that are there, by number, and those
    that it made itself."""

    schema: Schema
    side: int  #: which of the transactions
    #: References, by table and column, that lead elsewhere as far as the transaction can see.
    moved: set[tuple[str, str]] = field(default_factory=set)
    claimed: dict[object, int] = field(default_factory=dict)  #: new values that both choose
    made: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  #: primary keys that the server handed out
    _count: int = 0

    def fresh(self, claim: object = None) -> int:
        """A number for new values; the same for the same claim of any transaction."""
        if claim:
            return self.claimed.setdefault(claim, _NEW // 2 + len(self.claimed))
        self._count += 1
        return _NEW * self.side + self._count
