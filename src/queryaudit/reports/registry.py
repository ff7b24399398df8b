"""The reporters there are, each loaded only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from queryaudit.errors import OutputError
from queryaudit.reports.base import DEFAULTS, Options, Reporter

Factory = Callable[[Options], Reporter]


@dataclass(frozen=True, slots=True)
class Entry:
    """A reporter that may be asked for; ``load`` imports it."""

    name: str
    suffix: str
    summary: str
    load: Callable[[], Factory]


def _terminal() -> Factory:
    from queryaudit.reports.terminal import TerminalReporter

    return TerminalReporter


def _html() -> Factory:
    from queryaudit.reports.html import HtmlReporter

    return HtmlReporter


def _json() -> Factory:
    from queryaudit.reports.json_ import JsonReporter

    return JsonReporter


def _markdown() -> Factory:
    from queryaudit.reports.markdown import MarkdownReporter

    return MarkdownReporter


REPORTERS: tuple[Entry, ...] = (
    Entry("terminal", ".txt", "for people at a terminal and in build logs", _terminal),
    Entry("html", ".html", "one file to read, search, print and pass on", _html),
    Entry("json", ".json", "complete, and readable back in", _json),
    Entry("markdown", ".md", "a pull-request comment", _markdown),
)


def reporters() -> tuple[Entry, ...]:
    """All reporters that come with queryaudit, in the order in which help lists them."""
    return REPORTERS


def get(name: str, options: Options = DEFAULTS, *, extra: tuple[Entry, ...] = ()) -> Reporter:
    """The reporter called ``name``, built with ``options``.

    ``extra`` holds third parties' entries; ours win on equal names. Raises ``OutputError``.
    """
    entries = (*REPORTERS, *extra)
    for entry in entries:
        if entry.name == name:
            return entry.load()(options)
    known = ", ".join(entry.name for entry in entries)
    raise OutputError(f"There is no report format {name!r}.", f"Choose one of: {known}.")


def name_for(path: str, *, extra: tuple[Entry, ...] = ()) -> str:
    """The name of the reporter that a file name asks for; ``terminal`` for standard output."""
    if path == "-":
        return "terminal"
    suffix = PurePath(path).suffix.lower()
    entries = (*REPORTERS, *extra)
    for entry in entries:
        if entry.suffix == suffix:
            return entry.name
    known = ", ".join(f"{entry.suffix} ({entry.name})" for entry in entries)
    raise OutputError(
        f"The format of {path!r} cannot be told from its suffix.",
        f"Name the format, or use one of: {known}.",
    )
