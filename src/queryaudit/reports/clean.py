"""Hostile text made safe to show, one character for one, so that columns stay true.

File names, SQL, test names and source lines come from anywhere. Escape sequences could move a
terminal's cursor, bidirectional controls could make text read as what it is not: what acts
instead of showing is replaced by a visible sign.
"""

from __future__ import annotations

_SIGN = "\N{REPLACEMENT CHARACTER}"


def _table() -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(0x20)}  # the control pictures
    table |= dict.fromkeys((0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), " ")
    table[0x7F] = "\N{SYMBOL FOR DELETE}"
    acting = (
        *range(0x80, 0x85),
        *range(0x86, 0xA0),
        0xAD,
        0x61C,
        0x180E,
        *range(0x200B, 0x200C),
        *range(0x200E, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xD800, 0xE000),
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
    )
    return table | dict.fromkeys(acting, _SIGN)


_TABLE = _table()
_ELLIPSIS = "…"


def clean(text: str, limit: int | None = None) -> str:
    """``text`` on one line with nothing in it that acts, cut to ``limit`` characters."""
    if limit is not None:
        text = shorten(text, limit)
    return text.translate(_TABLE)


def clean_lines(text: str, limit: int | None = None) -> list[str]:
    """The lines of ``text``, each clean; at most ``limit`` characters altogether."""
    if limit is not None:
        text = shorten(text, limit)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.expandtabs(4).translate(_TABLE) for line in lines]


def shorten(text: str, limit: int) -> str:
    """``text``, or its start and an ellipsis if it has more than ``limit`` characters."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + _ELLIPSIS
