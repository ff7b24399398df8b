"""queryaudit: audits how a Django project uses its database, and proves what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["__version__", "audit", "ignore"]

if TYPE_CHECKING:
    from queryaudit.blocks import audit, ignore


def __getattr__(name: str) -> Any:
    """Import on first use: importing queryaudit imports neither Django nor rich."""
    if name in ("audit", "ignore"):
        from queryaudit import blocks

        return getattr(blocks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
