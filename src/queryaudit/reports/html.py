"""HTML: one file to read, filter, print and pass on, with nothing fetched from anywhere.

Everything in a report is hostile: templates escape all they print, control characters are
made visible on the way out, and a content security policy lets nothing run but our own script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TextIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from queryaudit.records.report import Report
from queryaudit.reports import plan_text, wording
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.clean import clean_lines
from queryaudit.reports.html_view import page, share
from queryaudit.reports.sqltext import Typesetter, one_line

_LONGEST = 10_000
_SCRIPT = "report.js"
_TICKED = re.compile(r"(?<!`)(`{1,2})([^`]+)\1(?!`)")


class HtmlReporter:
    """Renders a report as one self-contained page, light and dark, usable without scripts."""

    name = "html"
    suffix = ".html"

    def __init__(self, options: Options = DEFAULTS) -> None:
        self.options = options

    def render(self, report: Report, stream: TextIO) -> None:
        environment = _environment()
        template = environment.get_template("report.html.j2")
        script = environment.get_template(_SCRIPT).render()
        emit(
            stream,
            template.render(
                page=page(report, self.options),
                report=report,
                wording=wording,
                plan_text=plan_text,
                style=environment.get_template("report.css").render(),
                script=script,
                script_hash=_digest(script),
            ),
        )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("queryaudit", "reports/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters["duration"] = wording.duration
    environment.filters["repeated"] = wording.repeated
    environment.filters["share"] = share
    environment.filters["sql"] = Typesetter()
    environment.filters["one_line"] = one_line
    environment.filters["prose"] = prose
    return environment


def prose(text: str) -> Markup:
    """A sentence as markup: escaped, and what stands in backticks as code."""
    pieces: list[Markup] = []
    end = 0
    plain = _plain(text)
    for match in _TICKED.finditer(plain):
        pieces.append(Markup.escape(plain[end : match.start()]))
        pieces.append(Markup("<code>{}</code>").format(match[2]))
        end = match.end()
    return Markup("").join([*pieces, Markup.escape(plain[end:])])


def _shown(value: object) -> object:
    """What a template prints: plain text made visible and cut, our own markup as it is."""
    return value if hasattr(value, "__html__") else _plain(str(value))


def _plain(text: str) -> str:
    return "\n".join(clean_lines(text, _LONGEST))


def _digest(script: str) -> str:
    """The script's hash as a content security policy wants it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
