"""What is kept of parameters: never a value."""

from __future__ import annotations

from typing import NamedTuple


class Nulls(NamedTuple):
    """Which parameters of an INSERT or UPDATE were NULL as it ran; a row for each way."""

    sql: int
    stack: int
    positions: tuple[int, ...]  #: from 0; empty if all had values
