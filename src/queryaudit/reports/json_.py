"""JSON: the whole report, without loss, and back.

This is the form in which reports are stored, compared and handed to other tools. Its schema is
published beside it as ``report.schema.json``.
"""

from __future__ import annotations

import json
from typing import TextIO

from queryaudit.errors import ReportError
from queryaudit.records.report import REPORT_SCHEMA, Report
from queryaudit.reports.base import DEFAULTS, Options, emit
from queryaudit.reports.codec import Json, decode, encode

_HINT = "Pass a file that `--format json` wrote."


class JsonReporter:
    """Renders a report as JSON; options do not apply, nothing is ever left out."""

    name = "json"
    suffix = ".json"

    def __init__(self, options: Options = DEFAULTS) -> None:
        self.options = options

    def render(self, report: Report, stream: TextIO) -> None:
        emit(stream, dump(report))


def dump(report: Report) -> str:
    """``report`` as ASCII JSON: ``schema`` first, fields as declared, newline at the end.

    Byte-equal for equal reports. ASCII, so that no stream, shell or pager can damage it and
    nothing in it can act on a terminal.
    """
    data = encode(report)
    if not isinstance(data, dict):
        raise TypeError("a report is an object")
    ordered: dict[str, Json] = {"schema": data.pop("schema"), **data}
    return json.dumps(ordered, indent=2, ensure_ascii=True) + "\n"


def load(text: str) -> Report:
    """The report that ``dump`` wrote. Raises ``ReportError``, saying what does not fit."""
    try:
        data: Json = json.loads(text)
    except RecursionError as error:
        raise ReportError("The report is nested too deeply to be one.") from error
    except ValueError as error:
        raise ReportError(
            f"The report is not valid JSON: {error}.", "Was its writing cut short? Write it again."
        ) from error
    if not isinstance(data, dict):
        raise ReportError("The file is not a queryaudit report: it holds no object.", _HINT)
    _check_schema(data.get("schema"))
    return decode(Report, data)


def _check_schema(schema: Json) -> None:
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise ReportError("The file is not a queryaudit report: it has no schema number.", _HINT)
    if schema > REPORT_SCHEMA:
        raise ReportError(
            f"The report has schema {schema}, and this queryaudit reads up to {REPORT_SCHEMA}.",
            "Upgrade queryaudit to read it.",
        )
