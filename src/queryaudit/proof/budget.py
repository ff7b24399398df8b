"""What indexes may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What indexes may cost in all, and copies of tables that they are tried on."""

    max_indexes: int = 10
    max_bytes: int = 1 << 30
    #: Of a larger table a sample is copied that takes no more.
    max_clone: int = 2 << 30
    #: What all copies may take.
    max_clones: int = 16 << 30
