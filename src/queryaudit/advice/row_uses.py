"""What can be known of the use that a function makes of rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class UseKind(Enum):
    FILTER = "filter"  #: most rows are thrown away
    SEARCH = "search"  #: one row is looked for
    ORDER = "order"  #: the first few, or the first, in an order
    AGGREGATE = "aggregate"  #: one number is computed of all rows
    GROUP = "group"  #: one number for each value of a column
    COUNT = "count"  #: all that is asked is how many there are, or whether there are any
    READ = "read"  #: some columns are read, and nothing else
    FIRST = "first"  #: all but one are left alone


@dataclass(frozen=True, slots=True)
class RowUse:
    kind: UseKind
    text: str  #: what the source does, as ``[... if book.stock > 5]``
    calls: tuple[str, ...]  #: what the queryset needs instead
    imports: tuple[str, ...] = ()
    queryset: str = ""  #: the queryset as it is written
    ending: str = ""  #: what follows in the code to write
