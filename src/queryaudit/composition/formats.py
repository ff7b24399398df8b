"""Format strings cut at what they put in: ``%``, ``str.format`` and ``string.Template``."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

#: (text before, field or None at the end, whether the field is written as a number)
Cut = tuple[str, "str | None", bool]

_PERCENT = re.compile(
    r"%(?:\((?P<name>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?(?P<kind>[a-zA-Z%])"
)
_DOLLAR = re.compile(r"\$(?:\$|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")
_NUMERIC = frozenset("diouxXeEfFgG")


def cut_percent(text: str) -> Iterator[Cut]:
    """Fields are names, or empty for the next one."""
    position, before = 0, ""
    for match in _PERCENT.finditer(text):
        before += text[position : match.start()]
        position = match.end()
        if match["kind"] == "%":
            before += "%"
            continue
        yield before, match["name"] or "", match["kind"] in _NUMERIC
        before = ""
    yield before + text[position:], None, False


def cut_braces(text: str) -> Iterator[Cut]:
    try:
        for literal, field, spec, _ in string.Formatter().parse(text):
            yield literal, field, is_numeric(spec or "")
    except ValueError:
        yield text, None, False


def cut_dollars(text: str) -> Iterator[Cut]:
    position, before = 0, ""
    for match in _DOLLAR.finditer(text):
        before += text[position : match.start()]
        position = match.end()
        name = match["name"] or match["braced"]
        if name is None:
            before += "$"
            continue
        yield before, name, False
        before = ""
    yield before + text[position:], None, False


def is_numeric(spec: str) -> bool:
    """Whether a format specification can only be met by a number."""
    return spec[-1:] in frozenset("dfFeEgGxXob%n") and bool(spec)
