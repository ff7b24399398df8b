"""What can be wrong with a configuration, as values: collected first, raised or listed later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from queryaudit.errors import ConfigError


class Wrong(Enum):
    """Kinds of problem; the value is its permanent id, as in the check ``queryaudit.E001``."""

    UNKNOWN_OPTION = "E001"
    WRONG_TYPE = "E002"
    BAD_VALUE = "E003"
    UNKNOWN_RULE = "E004"
    NOT_A_TABLE = "E005"
    GIVEN_TWICE = "E006"
    UNREADABLE_FILE = "E007"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong. ``message`` is a sentence; ``origin`` is where the value came from."""

    kind: Wrong
    message: str
    hint: str
    origin: str

    @property
    def id(self) -> str:
        return self.kind.value


class RefusedError(Exception):
    """A value that an option can't take; ``message`` completes "fail-on ..."."""

    def __init__(self, kind: Wrong, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


class WrongOptionsError(ConfigError):
    """All that is wrong with a configuration, raised together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        if len(self.problems) == 1:
            super().__init__(first.message, first.hint)
            return
        lines = [f"- {problem.message} {problem.hint}".rstrip() for problem in self.problems]
        super().__init__("\n".join([f"{len(lines)} options are wrong:", *lines]))


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The likeliest known word as a question, or an empty text."""
    import difflib  # only what is wrong needs it, and every pytest run loads this module

    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=cutoff)
    return f"Did you mean {close[0]!r}?" if close else ""
