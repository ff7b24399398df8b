"""JSON: nothing is lost, nothing broken is accepted, and the schema holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import queryaudit.reports
from queryaudit.errors import ReportError
from queryaudit.records.report import REPORT_SCHEMA, Report
from queryaudit.reports import schema
from queryaudit.reports.json_ import dump, load
from tests.golden.sample import empty, sample

reports = st.builds(
    Report,
    tool=st.text(),
    audited=...,
    findings=...,
    suppressed=...,
    unused_ignores=...,
    scopes=...,
    statements=...,
    rules=...,
    diagnostics=...,
    gate=...,
    schema=st.just(REPORT_SCHEMA),
)


@given(report=reports)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_report_survives_the_round_trip(report):
    text = dump(report)

    assert load(text) == report
    assert dump(load(text)) == text


@given(report=reports)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_report_fits_the_published_schema(report):
    Draft202012Validator(schema.document()).validate(json.loads(dump(report)))


@pytest.mark.parametrize("build", [sample, empty])
def test_the_sample_fits_the_published_schema_with_no_key_unknown_to_it(build):
    path = Path(queryaudit.reports.__file__).with_name("report.schema.json")
    published = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(published)
    for record in [published, *published["$defs"].values()]:
        record["additionalProperties"] = False

    Draft202012Validator(published).validate(json.loads(dump(build())))


def test_the_text_is_ascii_starts_with_the_schema_and_writes_enums_as_labels():
    text = dump(sample())
    data = json.loads(text)

    assert text.isascii()
    assert text.endswith("}\n")
    assert next(iter(data)) == "schema"
    finding = data["findings"][0]
    assert finding["severity"] == "error"
    assert finding["evidence"]["grade"] == "proved"
    assert finding["fix"]["applicability"] == "safe"
    assert data["findings"][1]["fix"]["applicability"] == "display-only"
    assert finding["rules"] == ["QA101", "QA102"]


def test_what_a_later_version_added_is_skipped_and_what_has_a_default_may_be_missing():
    data = json.loads(dump(sample()))
    data["later"] = {"field": 1}
    data["findings"][0]["later"] = True
    del data["audited"]["dropped"]

    assert load(json.dumps(data)).audited.dropped == 0


def change(path: str, value: object) -> str:
    data = json.loads(dump(sample()))
    at = data
    *parents, last = path.split(".")
    for key in parents:
        at = at[int(key)] if key.isdigit() else at[key]
    at[last] = value
    return json.dumps(data)


HINT = "Write it again with `queryaudit` instead of editing it."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            change("schema", REPORT_SCHEMA + 1),
            f"The report has schema {REPORT_SCHEMA + 1}, and this queryaudit reads up to "
            f"{REPORT_SCHEMA}. Upgrade queryaudit to read it.",
        ),
        (
            change("findings.0.queries", True),
            f"The report is broken: report.findings[0].queries should be a whole number, not "
            f"True. {HINT}",
        ),
        (
            change("findings.0.severity", "fatal"),
            "The report is broken: report.findings[0].severity should be one of note, warning, "
            f"error, not 'fatal'. {HINT}",
        ),
        (
            change("findings.0.causes", {}),
            f"The report is broken: report.findings[0].causes should be a list, not {{}}. {HINT}",
        ),
        (
            change("gate", []),
            f"The report is broken: report.gate should be an object, not []. {HINT}",
        ),
        (
            '{"schema": 1}',
            f"The report is incomplete: report.tool is missing. {HINT}",
        ),
        (
            "[]",
            "The file is not a queryaudit report: it holds no object. "
            "Pass a file that `--format json` wrote.",
        ),
        (
            "{}",
            "The file is not a queryaudit report: it has no schema number. "
            "Pass a file that `--format json` wrote.",
        ),
    ],
)
def test_a_report_that_does_not_fit_is_refused_with_place_and_reason(text, message):
    with pytest.raises(ReportError) as caught:
        load(text)

    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["", "{", dump(sample())[:-40], '{"schema": 1' + "0" * 5_000])
def test_a_torn_file_is_refused(text):
    with pytest.raises(ReportError, match=r"^The report is not valid JSON: "):
        load(text)


def test_a_deeply_nested_file_is_refused():
    with pytest.raises(ReportError, match=r"nested too deeply|not valid JSON"):
        load("[" * 200_000)
