"""Names in the text of statements."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An identifier in double quotes; ``%`` doubled, as the text has parameters."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'
