"""What a template does with rows, where its text says it: asks for their number, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from queryaudit.advice.row_uses import RowUse, UseKind

_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}", re.DOTALL)
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_OPERAND = re.compile(
    r"(?<![\w.|:=])(?P<name>[A-Za-z_][\w.]*)(?:(?P<counts>\|length\b)|(?![\w.|:(=]))"
)
_WORDS = frozenset({"if", "elif", "and", "or", "not", "in", "is", "True", "False", "None"})
_BLOCK = re.compile(r"\w+\s")
_NUMBER = r"(?:\|length\b|\|pluralize\b|\.count\b|\.exists\b)"
_NUMBERS = (".count", ".exists")


def template_use(lines: Sequence[str], tag: str) -> RowUse | None:
    """The use of the rows that ``tag`` evaluates, if all other tags leave them alone. ``tag``: what
    stands between the braces."""
    asked = _asked(tag)
    if len(asked) != 1:
        return None
    [name] = asked
    if any(_uses(other, name) for other in _tags(lines)):
        return None
    better = re.sub(rf"(?<![\w.]){re.escape(name)}\|length\b", f"{_base(name)}.count", tag)
    if _tests(tag):
        better = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.|])", f"{_base(name)}.exists", better)
    if better == tag:
        return None
    opening, closing = ("{%", "%}") if _BLOCK.match(tag) else ("{{", "}}")
    text, code = (f"{opening} {words} {closing}" for words in (tag, better))
    return RowUse(UseKind.COUNT, text, (), queryset=code)


def _asked(tag: str) -> set[str]:
    """Variables of which ``tag`` asks the number, or else the truth."""
    found = [
        (operand["name"], bool(operand["counts"]))
        for operand in _OPERAND.finditer(_STRING.sub("1", tag))
        if operand["name"] not in _WORDS and not operand["name"].endswith(_NUMBERS)
    ]
    counted = {name for name, counts in found if counts}
    if counted and not re.search(r" (?:and|or) ", tag):
        return counted
    return {name for name, _ in found} if _tests(tag) else counted


def _tests(tag: str) -> bool:
    return tag.startswith(("if ", "elif "))


def _base(name: str) -> str:
    return name.removesuffix(".all")


def _tags(lines: Sequence[str]) -> Iterator[str]:
    text = _COMMENT.sub("", "\n".join(lines))
    for found in _TAG.finditer(text):
        yield found[0][2:-2].strip()


def _uses(tag: str, name: str) -> bool:
    """Whether a tag does anything with the rows but ask for their number."""
    base = re.escape(_base(name))
    rest = re.sub(rf"(?<![\w.]){base}(?:\.all)?{_NUMBER}", "", tag)
    if _tests(tag):
        rest = re.sub(rf"(?<![\w.]){base}(?:\.all)?(?![\w.|])", "", rest)
    return re.search(rf"(?<![\w.]){base}(?!\w)", rest) is not None
