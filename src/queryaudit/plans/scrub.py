"""Takes the values out of the conditions that a plan shows.

Of a LIKE pattern its shape stays, as that decides which index serves it: ``'?%'``, ``'%?'``,
``'%?%'``, ``'?'``.
"""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"""
      (?P<like>!?~~\*?\s+)E?'(?P<pattern>(?:[^']|'')*)'
    | E?'(?:[^']|'')*'
    | (?P<name>"(?:[^"]|"")*")
    | (?P<word>[^\W\d][\w$]*|\$\d+)
    | \d+(?:\.\d*)?(?:[eE][+-]?\d+)?
    """,
    re.VERBOSE,
)
_TYPE_LENGTH = re.compile(r"\((?:\?)(?:,\?)?\)(?=\)|::|$|\s)")


def scrubbed(text: str) -> str:
    """``text`` without literals. Scrubbing twice changes nothing."""
    return _PIECE.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    if match["name"] or match["word"]:
        return match.group()
    if match["like"] is not None:
        return f"{match['like']}'{_shape(match['pattern'])}'"
    return "?"


def _shape(pattern: str) -> str:
    if pattern in ("?", "?%", "%?", "%?%"):
        return pattern
    body = pattern.replace("\\\\", "").replace("\\%", "").replace("\\_", "")
    before = "%" if body.startswith(("%", "_")) else ""
    after = "%" if body.endswith("%") and body != "%" else ""
    inner = body.strip("%")
    if "%" in inner or "_" in inner:
        after = "%"
    return f"{before}?{after}"
