"""What every reporter in the registry must do, ours and those to come."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from queryaudit.config import FORMATS
from queryaudit.errors import OutputError
from queryaudit.records.report import Report
from queryaudit.reports.base import Options
from queryaudit.reports.registry import Entry, get, name_for, reporters
from tests.golden.sample import clean_run, empty, many, sample, with_texts

HOSTILE = (
    "</script><img src=x onerror=alert(1)>\x1b[31m\x9b2J\x07\r\nnext | `tick` ```` "
    "\u202egnp\u2066 @someone #12 https://evil.example/ {{ 7*7 }} \udc80\x00é日本"
)

each = pytest.mark.parametrize("entry", reporters(), ids=lambda entry: entry.name)


def rendered(entry: Entry, report: Report, **options: object) -> str:
    stream = io.StringIO()
    get(entry.name, Options(**options)).render(report, stream)
    assert not stream.closed
    return stream.getvalue()


@each
def test_a_reporter_is_what_its_entry_says(entry):
    reporter = get(entry.name)

    assert (reporter.name, reporter.suffix) == (entry.name, entry.suffix)
    assert entry.suffix is None or entry.suffix.startswith(".")
    assert entry.summary


@each
@pytest.mark.parametrize("build", [sample, empty, clean_run])
def test_equal_reports_render_to_equal_text_with_a_newline_at_the_end(entry, build):
    text = rendered(entry, build())

    assert text == rendered(entry, build())
    assert text.endswith("\n")


@each
def test_hostile_text_renders_without_anything_that_acts(entry):
    text = rendered(entry, with_texts(sample(), lambda text: text + HOSTILE), verbose=True)

    acting = {c for c in text if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0}
    assert not acting
    assert not set(text) & set("\u202e\u2066\u2028\udc80")


@each
def test_a_report_can_be_written_where_only_ascii_goes(entry):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    get(entry.name).render(sample(), stream)
    stream.flush()

    assert b"queryaudit" in raw.getvalue() or b"Audited 12 tests" in raw.getvalue()


@each
def test_a_megabyte_of_sql_is_cut_and_takes_no_time(entry):
    huge = "SELECT " + ", ".join(f'"t"."column_{i}"' for i in range(60_000))
    report = with_texts(sample(), lambda text: huge if text.startswith("SELECT") else text)
    assert len(huge) > 1_000_000

    begin = time.process_time()
    text = rendered(entry, report)

    assert time.process_time() - begin < 5
    if entry.name != "json":
        assert len(text) < 500_000


@each
def test_a_text_of_a_megabyte_anywhere_is_cut(entry):
    report = with_texts(sample(), lambda text: text * (1 + 1_000_000 // max(1, len(text))))

    text = rendered(entry, report, verbose=True)

    if entry.name != "json":
        assert len(text) < 12_000_000


@each
def test_a_thousand_findings_render_in_seconds(entry):
    begin = time.process_time()

    text = rendered(entry, many(1_000), limit=200)

    assert time.process_time() - begin < 20
    assert text


@each
@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 1}, {"quiet": True}, {"width": 1}])
def test_every_option_is_understood_or_ignored(entry, options):
    assert rendered(entry, sample(), **options)


@each
def test_findings_without_source_fix_scopes_or_names_render(entry):
    bare = sample().findings[0]
    place = replace(bare.location, snippet=None, column=None, function="")
    cause = replace(bare.causes[0], location=place, path="", description="", loop=None)
    finding = replace(
        bare,
        location=place,
        evaluated=None,
        source="",
        causes=(cause,),
        fix=None,
        scopes=(),
        scope_count=0,
    )

    assert rendered(entry, replace(sample(), findings=(finding,), gate=None, rules=()))


@each
def test_a_run_that_audited_nothing_says_so(entry):
    text = rendered(entry, empty())

    if entry.name != "json":
        assert "NOTHING WAS AUDITED" in text


def test_importing_the_package_and_its_registry_imports_no_renderer():
    program = (
        "import sys, queryaudit.reports.registry, queryaudit.reports.writer;"
        "print(sorted({'rich', 'jinja2', 'sqlparse', 'django'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["json", "sarif", "junit", "github", "gitlab"])
def test_data_is_rendered_without_loading_the_libraries_of_others(name):
    program = (
        f"import sys; from queryaudit.reports.registry import get; get({name!r});"
        "print(sorted({'rich', 'jinja2', 'sqlparse', 'django'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_an_unknown_format_names_those_there_are():
    with pytest.raises(OutputError) as caught:
        get("pdf")

    assert str(caught.value) == (
        "There is no report format 'pdf'. Choose one of: terminal, html, json, sarif, junit, "
        "markdown, github, gitlab."
    )


def test_a_reporter_of_somebody_else_is_found_by_name_and_suffix():
    class Silent:
        name = "silent"
        suffix = ".nil"

        def __init__(self, options):
            self.options = options

        def render(self, report, stream):
            stream.write("\n")

    extra = (Entry("silent", ".nil", "says nothing", lambda: Silent),)

    assert get("silent", extra=extra).name == "silent"
    assert name_for("out/report.nil", extra=extra) == "silent"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("-", "terminal"),
        ("a/b.HTML", "html"),
        ("x.json", "json"),
        ("x.md", "markdown"),
        ("x.sarif", "sarif"),
        ("x.xml", "junit"),
    ],
)
def test_a_file_name_asks_for_its_format(path, name):
    assert name_for(path) == name


def test_a_file_name_that_tells_no_format_is_refused():
    with pytest.raises(OutputError, match=r"cannot be told from its suffix\. Name the format"):
        name_for("report")


def test_the_configuration_takes_the_formats_there_are_with_their_suffixes():
    assert list(FORMATS.items()) == [(entry.name, entry.suffix) for entry in reporters()]


def test_no_suffix_stands_for_two_formats():
    suffixes = [entry.suffix for entry in reporters() if entry.suffix]

    assert len(set(suffixes)) == len(suffixes)


@each
def test_a_cause_that_is_no_query_is_not_said_to_run_no_times(entry):
    """That each round of a loop commits is a cause beside the writes, which are counted."""
    report = sample()
    finding = next(f for f in report.findings if f.causes and not f.rule.startswith("QA6"))
    commits = replace(
        finding.causes[0], rule="QA606", description="each round commits", statement="COMMIT",
        queries=0, duration_ns=0, worst=0, path="", loop=None, loop_line=None,
    )  # fmt: skip
    findings = (replace(finding, causes=(*finding.causes, commits)),)
    text = rendered(entry, replace(report, findings=findings, gate=None))

    if "each round commits" not in text or entry.name == "json":
        return
    before = text.partition("each round commits")[0].rstrip("`<code>| \N{MULTIPLICATION SIGN}")
    assert not before.endswith((" 0", ">0", "<strong>0</strong"))
    assert "up to 0 in" not in text
