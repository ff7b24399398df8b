"""What a rule is: code, name, family, severity and the sections of its page."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import Enum, IntEnum

#: The headings of a rule's docstring, in order. "When it is fine" is never empty.
HEADINGS = (
    "What it detects",
    "Why it matters",
    "Example",
    "Better",
    "When it is fine",
    "Evidence",
    "Options",
)


class Severity(IntEnum):
    """How much a finding matters; ordered, so that ``fail-on`` is a comparison."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Family(Enum):
    """The catalogue's families; the value is the code's prefix."""

    N_PLUS_ONE = "QA1"
    LOADS = "QA2"
    SQL_TEXT = "QA3"
    PLANS = "QA4"
    TRANSACTIONS = "QA5"
    WRITES = "QA6"
    DUPLICATES = "QA7"
    CONCURRENCY = "QA8"
    LIMITS = "QA9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of the catalogue.

    ``summary`` is one sentence that states the pattern; ``doc`` is the detector's docstring,
    the only source of the rule's page.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    doc: str

    @property
    def family(self) -> Family:
        return Family(self.code[:3])

    def sections(self) -> dict[str, str]:
        """The docstring's sections by heading, text dedented, in order."""
        sections: dict[str, list[str]] = {}
        heading: str | None = None
        lines = inspect.cleandoc(self.doc).splitlines()
        for number, line in enumerate(lines):
            underline = lines[number + 1] if number + 1 < len(lines) else ""
            if line in HEADINGS and underline.startswith("---"):
                heading = line
                sections[heading] = []
            elif heading is not None and not (line.startswith("---") and not sections[heading]):
                sections[heading].append(line)
        return {name: "\n".join(body).strip() for name, body in sections.items()}
