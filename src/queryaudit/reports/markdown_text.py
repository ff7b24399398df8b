"""Hostile text in GitHub-flavoured Markdown: shown as it is, never acting.

Escaping covers structure (pipes, emphasis, HTML), and what forges add on their own: mentions,
issue numbers and bare links, which a zero-width space takes apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from queryaudit.reports.clean import clean

_ZERO_WIDTH = "\u200b"
_STRUCTURE = re.compile(r"[\\`*\[\]<>&|~]|^[-+#=]|(?<!\w)_+|_+(?!\w)")
_LINKS = re.compile(r"@(?=\w)|#(?=\d)|GH-(?=\d)|:(?=//)|www(?=\.)", re.IGNORECASE)


def prose(text: str, limit: int = 1_000) -> str:
    """Text in a paragraph, a heading or a table cell."""
    apart = _LINKS.sub(lambda match: match[0] + _ZERO_WIDTH, clean(text, limit).strip())
    return _STRUCTURE.sub(lambda match: "".join(f"&#{ord(c)};" for c in match[0]), apart)


def code(text: str, limit: int = 400) -> str:
    """Code in a paragraph or a table cell; an element, because cells end spans at a pipe."""
    return f"<code>{prose(text, limit)}</code>"


def fence(lines: Iterable[str], language: str = "") -> list[str]:
    """A code block whose fence is longer than any run of backticks in it."""
    body = list(lines)
    longest = max((len(run) for line in body for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{language}", *body, ticks]


def row(*cells: str) -> str:
    """A table row of cells that are escaped already."""
    return f"| {' | '.join(cells)} |"


def details(summary: str, lines: Iterable[str]) -> list[str]:
    """A folded block; ``summary`` is escaped already."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>", ""]
