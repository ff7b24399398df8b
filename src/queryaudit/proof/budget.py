"""What indexes may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What indexes may cost in all, and how large a table may be to be copied."""

    max_indexes: int = 10
    max_bytes: int = 1 << 30
    max_clone: int = 2 << 30
