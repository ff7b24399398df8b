"""What a reporter is, and the options that all of them understand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TextIO

from queryaudit.records.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a report is shown, never what is in it. A reporter ignores what does not apply."""

    quiet: bool = False  #: one line a finding, and the summary
    verbose: bool = False  #: unfold notes and known findings
    color: bool | None = None  #: None: decide by the stream and the environment
    width: int | None = None  #: in columns; None: the terminal's, or 100
    limit: int | None = None  #: findings shown in full; None: the reporter's own measure


DEFAULTS = Options()


class Reporter(Protocol):
    """Renders a report as text. Equal reports and options give equal text."""

    @property
    def name(self) -> str:
        """What users call it, as in ``--format html``."""

    @property
    def suffix(self) -> str | None:
        """File suffix that asks for it, with the dot; None if only its name does."""

    def render(self, report: Report, stream: TextIO) -> None:
        """Write the whole report to ``stream``, which stays open."""


#: What to write where an encoding lacks our own signs.
_PLAIN = str.maketrans(
    {"│": "|", "─": "-", "…": "...", "\N{MULTIPLICATION SIGN}": "x", "\N{MICRO SIGN}": "u"}
)


def emit(stream: TextIO, text: str) -> None:
    """Write ``text``, giving up characters that the stream's encoding lacks, never the text."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    stream.write(text)
