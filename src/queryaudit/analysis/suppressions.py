"""Which findings somebody chose to ignore, and which ignores suppressed nothing."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from queryaudit.records.definitions import Frame

_COMMENT = re.compile(
    r"#\s*queryaudit:\s*ignore(?:\[(?P<codes>[^\]]*)\])?(?P<reason>.*)", re.IGNORECASE
)
_TEMPLATE_COMMENT = re.compile(
    r"\{#\s*queryaudit:\s*ignore(?:\[(?P<codes>[^\]]*)\])?(?P<reason>[^#]*)#\}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """An ignore by comment, marker, call or configuration.

    ``codes`` are rule codes or prefixes; empty means every rule. ``first_line`` and ``last_line``
    bound the lines of ``path`` that it covers; None: it is in force by running.
    """

    codes: tuple[str, ...]
    reason: str
    path: str
    line: int
    first_line: int | None = None
    last_line: int | None = None

    def covers(self, rule: str) -> bool:
        return not self.codes or any(rule.startswith(code) for code in self.codes)

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


def comments(path: str, text: str) -> list[Ignore]:
    """The ignore comments of a Python file or a template, in order."""
    if not path.endswith(".py"):
        return [
            _ignore(match, path, number)
            for number, line in enumerate(text.splitlines(), 1)
            for match in _TEMPLATE_COMMENT.finditer(line)
        ]
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            match = _COMMENT.match(token.string) if token.type == tokenize.COMMENT else None
            if match is not None:
                alone = token.line.strip().startswith("#")
                found.append(_ignore(match, path, token.start[0], below=alone))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass
    return found


def _ignore(match: re.Match[str], path: str, line: int, *, below: bool = False) -> Ignore:
    codes = tuple(code.strip().upper() for code in (match["codes"] or "").split(","))
    return Ignore(
        codes=tuple(code for code in codes if code),
        reason=match["reason"].strip(" -:\t"),
        path=path,
        line=line,
        first_line=line,
        # A comment on a line of its own speaks of the next.
        last_line=line + 1 if below else line,
    )


def matching(
    ignores: Sequence[Ignore], rules: Iterable[str], frames: Iterable[Frame]
) -> list[Ignore]:
    """The ignores that cover all of ``rules`` at one of ``frames``.

    A frame's statement may span lines, and its loop's header counts too.
    """
    lines: set[tuple[str, int]] = set()
    for frame in frames:
        last = frame.end_line or frame.line
        lines.update((frame.path, n) for n in range(frame.line, min(last, frame.line + 40) + 1))
        if frame.loop_line:
            lines.add((frame.path, frame.loop_line))
    wanted = list(rules)
    return [
        ignore
        for ignore in ignores
        if ignore.first_line is not None
        and ignore.last_line is not None
        and all(ignore.covers(rule) for rule in wanted)
        and any(
            (ignore.path, line) in lines for line in range(ignore.first_line, ignore.last_line + 1)
        )
    ]
