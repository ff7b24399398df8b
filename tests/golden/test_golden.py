"""Each reporter's output for the sample, byte for byte.

``UPDATE_GOLDEN=1 pytest tests/golden`` writes the files anew; read the difference.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from queryaudit.records.report import Report
from queryaudit.reports import schema
from queryaudit.reports.base import DEFAULTS, Options
from queryaudit.reports.registry import get
from tests.golden.sample import clean_run, empty, sample

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

CASES = {
    "terminal.txt": ("terminal", sample, DEFAULTS),
    "terminal-quiet.txt": ("terminal", sample, Options(quiet=True)),
    "terminal-verbose.txt": ("terminal", sample, Options(verbose=True)),
    "terminal-narrow.txt": ("terminal", sample, Options(width=40)),
    "terminal-color.txt": ("terminal", sample, Options(color=True)),
    "terminal-limit.txt": ("terminal", sample, Options(limit=1)),
    "terminal-nothing.txt": ("terminal", empty, DEFAULTS),
    "terminal-clean.txt": ("terminal", clean_run, DEFAULTS),
    "markdown.md": ("markdown", sample, DEFAULTS),
    "markdown-nothing.md": ("markdown", empty, DEFAULTS),
    "report.json": ("json", sample, DEFAULTS),
    "report.sarif": ("sarif", sample, DEFAULTS),
    "report-nothing.sarif": ("sarif", empty, DEFAULTS),
    "junit.xml": ("junit", sample, DEFAULTS),
    "junit-nothing.xml": ("junit", empty, DEFAULTS),
    "github.txt": ("github", sample, DEFAULTS),
    "github-nothing.txt": ("github", empty, DEFAULTS),
    "gitlab.json": ("gitlab", sample, DEFAULTS),
    "gitlab-nothing.json": ("gitlab", empty, DEFAULTS),
    "report.html": ("html", sample, DEFAULTS),
    "report-nothing.html": ("html", empty, DEFAULTS),
}


def rendered(name: str, report: Report, options: Options) -> str:
    stream = io.StringIO()
    get(name, options).render(report, stream)
    return stream.getvalue()


def compare(path: Path, text: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("file", CASES)
def test_a_reporter_renders_the_sample_as_before(file, monkeypatch):
    for variable in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    name, build, options = CASES[file]

    compare(HERE / "expected" / file, rendered(name, build(), options))


@pytest.mark.parametrize(
    "path", ["src/queryaudit/reports/report.schema.json", "docs/report.schema.json"]
)
def test_the_published_schema_is_the_one_the_records_give(path):
    compare(ROOT / path, schema.dump())
