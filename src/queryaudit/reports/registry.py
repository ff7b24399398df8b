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
    suffix: str | None  #: None if no file name asks for it
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


def _sarif() -> Factory:
    from queryaudit.reports.sarif import SarifReporter

    return SarifReporter


def _junit() -> Factory:
    from queryaudit.reports.junit import JunitReporter

    return JunitReporter


def _markdown() -> Factory:
    from queryaudit.reports.markdown import MarkdownReporter

    return MarkdownReporter


def _github() -> Factory:
    from queryaudit.reports.github import GithubReporter

    return GithubReporter


def _gitlab() -> Factory:
    from queryaudit.reports.gitlab import GitlabReporter

    return GitlabReporter


REPORTERS: tuple[Entry, ...] = (
    Entry("terminal", ".txt", "for people at a terminal and in build logs", _terminal),
    Entry("html", ".html", "one file to read, search, print and pass on", _html),
    Entry("json", ".json", "complete, and readable back in", _json),
    Entry("sarif", ".sarif", "code scanning and editors, with fixes", _sarif),
    Entry("junit", ".xml", "a test report, one case for each finding", _junit),
    Entry("markdown", ".md", "a pull-request comment", _markdown),
    Entry("github", None, "annotations in a workflow on GitHub", _github),
    Entry("gitlab", None, "Code Quality in a merge request on GitLab", _gitlab),
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
        if suffix and entry.suffix == suffix:
            return entry.name
    known = ", ".join(f"{entry.suffix} ({entry.name})" for entry in entries if entry.suffix)
    raise OutputError(
        f"The format of {path!r} cannot be told from its suffix.",
        f"Name the format, or use one of: {known}.",
    )
