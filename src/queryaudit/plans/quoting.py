"""Names in the text of statements."""

from __future__ import annotations

from queryaudit.sql.quoting import identifier


def quoted(name: str) -> str:
    """An identifier in double quotes; ``%`` doubled, as the text has parameters."""
    return identifier(name).replace("%", "%%")
